import type { Handlers } from "#kernel/service.ts";
import type { SecretsManager } from "#models/secretsmanager.ts";
import { openToChange } from "./open-secret.ts";

/**
 * Rotation is a Lambda function's: it is called once for each step (createSecret, setSecret, testSecret, finishSecret),
 * and moves the stages itself. There is no Lambda here yet, so no function can be called, and none is ever configured.
 */
export const rotation = {
  async RotateSecret(ctx, input) {
    await ctx.read((snapshot) => openToChange(snapshot, ctx, input.SecretId));
    if (input.ExternalSecretRotationRoleArn !== undefined) {
      throw ctx.error(
        "NotImplemented",
        "Rotation of external secrets is not implemented by Tule yet.",
      );
    }
    if (input.RotationLambdaARN === undefined) {
      throw ctx.error(
        "InvalidRequestException",
        "No Lambda rotation function ARN is associated with this secret.",
      );
    }
    // Recorded: what AWS answers where it cannot call the function.
    throw ctx.error(
      "AccessDeniedException",
      "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
    );
  },

  async CancelRotateSecret(ctx, input) {
    await ctx.read((snapshot) => openToChange(snapshot, ctx, input.SecretId));
    throw ctx.error(
      "InvalidRequestException",
      "You tried to cancel the rotation of a secret that does not have rotation enabled.",
    );
  },
} satisfies Handlers<SecretsManager>;
