import { compilePolicy, type CompiledPolicy } from "#kernel/authorization/compile-policy.ts";
import { PolicyProblem } from "#kernel/authorization/policy-document.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { SecretsManager } from "#models/secretsmanager.ts";
import { secretKey } from "./keyspace.ts";
import { openLiveSecret, openSecret } from "./open-secret.ts";
import { secretCodec } from "./secret-record.ts";

export const resourcePolicies = {
  PutResourcePolicy(ctx, input) {
    refuseName(ctx, input.PolicyName);
    const policy = compiled(input.ResourcePolicy);
    if (policy instanceof PolicyProblem) {
      throw ctx.error("MalformedPolicyDocumentException", policy.message);
    }
    if (input.BlockPublicPolicy === true && isPublic(policy)) {
      throw ctx.error("PublicPolicyException", "The resource policy grants broad access.");
    }
    return ctx.transact((tx) => {
      const secret = openLiveSecret(tx, ctx, input.SecretId);
      const after = { ...secret, policy: input.ResourcePolicy };
      tx.putRecord(secretKey(ctx, secret.name), secretCodec, after);
      return { ARN: secret.arn, Name: secret.name };
    });
  },

  GetResourcePolicy(ctx, input) {
    refuseName(ctx, input.PolicyName);
    return ctx.read((snapshot) => {
      const { arn, name, policy } = openSecret(snapshot, ctx, input.SecretId);
      return { ARN: arn, Name: name, ResourcePolicy: policy };
    });
  },

  DeleteResourcePolicy(ctx, input) {
    refuseName(ctx, input.PolicyName);
    return ctx.transact((tx) => {
      const secret = openLiveSecret(tx, ctx, input.SecretId);
      tx.putRecord(secretKey(ctx, secret.name), secretCodec, { ...secret, policy: undefined });
      return { ARN: secret.arn, Name: secret.name };
    });
  },

  ValidateResourcePolicy(ctx, input) {
    const policy = compiled(input.ResourcePolicy);
    if (policy instanceof PolicyProblem) {
      throw ctx.error("MalformedPolicyDocumentException", policy.message);
    }
    const CheckName = "PUBLIC_POLICY_CHECK";
    const ErrorMessage = "The resource policy grants broad access.";
    const ValidationErrors = isPublic(policy) ? [{ CheckName, ErrorMessage }] : [];
    return { PolicyValidationPassed: ValidationErrors.length === 0, ValidationErrors };
  },
} satisfies Handlers<SecretsManager>;

function refuseName(ctx: Context, name: string | undefined): void {
  if (name === undefined) return;
  throw ctx.error("NotImplemented", "PolicyName is not implemented by Tule yet.");
}

function compiled(text: string): CompiledPolicy | PolicyProblem {
  try {
    return compilePolicy(text, "resource", "resource policy");
  } catch (problem) {
    if (problem instanceof PolicyProblem) return problem;
    throw problem;
  }
}

/** Everybody is let in, and no condition bounds who that is. */
function isPublic({ statements }: CompiledPolicy): boolean {
  return statements.some(
    ({ effect, source }) =>
      effect === "Allow" &&
      source.principals?.byType.get("AWS")?.includes("*") === true &&
      source.conditions.length === 0,
  );
}
