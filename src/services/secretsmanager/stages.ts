import type { Handlers } from "#kernel/service.ts";
import type { SecretsManager } from "#models/secretsmanager.ts";
import { openToChange } from "./open-secret.ts";
import { current, versionWith } from "./secret-record.ts";
import { writeChange } from "./secret-values.ts";
import { checkLabels, withoutStage, withStage } from "./versions.ts";

export const stages = {
  /** Source of the rules: API reference, UpdateSecretVersionStage; the words are AWS's. */
  UpdateSecretVersionStage(ctx, input) {
    const { VersionStage: stage, RemoveFromVersionId: from, MoveToVersionId: to } = input;
    return ctx.transact((tx) => {
      const secret = openToChange(tx, ctx, input.SecretId);
      for (const id of [from, to]) {
        if (id === undefined || secret.versions.some((version) => version.id === id)) continue;
        throw ctx.error(
          "ResourceNotFoundException",
          `Secrets Manager can't find the specified secret value for VersionId: ${id}`,
        );
      }
      const holder = versionWith(secret, stage);
      if (from !== undefined && holder?.id !== from) {
        throw ctx.error(
          "InvalidParameterException",
          `The staging label ${stage} is not currently attached to version ${from}.`,
        );
      }
      if (to !== undefined && from === undefined && holder !== undefined && holder.id !== to) {
        throw ctx.error(
          "InvalidParameterException",
          `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
        );
      }
      if (to === undefined && from === undefined) {
        throw ctx.error(
          "InvalidParameterException",
          "You must specify RemoveFromVersionId, MoveToVersionId or both.",
        );
      }
      if (to === undefined && stage === current) {
        throw ctx.error(
          "InvalidParameterException",
          `You can only move staging label ${current} to a different secret version. It can’t be completely removed.`,
        );
      }
      const after =
        to === undefined ? withoutStage(secret, from!, stage) : withStage(secret, to, stage);
      checkLabels(ctx, after);
      writeChange(tx, ctx, after);
      return { ARN: secret.arn, Name: secret.name };
    });
  },
} satisfies Handlers<SecretsManager>;
