import { compilePolicy } from "#kernel/authorization/compile-policy.ts";
import { evaluate } from "#kernel/authorization/evaluate.ts";
import { PolicyProblem } from "#kernel/authorization/policy-document.ts";
import { emptyContext } from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { KMS } from "#models/kms.ts";
import { keyCodec, type KeyRecord } from "./key-record.ts";
import { keyKey } from "./keyspace.ts";
import { openKey } from "./open-key.ts";

/** Source: KMS Developer Guide, resource-limits, "Key policy document size". */
const policyBytesAtMost = 32 * 1024;

/** A key has one policy, which is called `default`. */
export const keyPolicies = {
  PutKeyPolicy(ctx, input) {
    checkName(ctx, input.PolicyName);
    checkPolicy(ctx, input.Policy, input.BypassPolicyLockoutSafetyCheck);
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      tx.putRecord(keyKey(ctx, key.id), keyCodec, { ...key, policy: input.Policy });
    });
  },

  GetKeyPolicy(ctx, input) {
    checkName(ctx, input.PolicyName);
    return ctx.read((snapshot) => ({
      Policy: policyOf(openKey(snapshot, ctx, input.KeyId)),
      PolicyName: "default",
    }));
  },

  ListKeyPolicies(ctx, input) {
    return ctx.read((snapshot) => {
      openKey(snapshot, ctx, input.KeyId);
      return { PolicyNames: ["default"], Truncated: false };
    });
  },
} satisfies Handlers<KMS>;

function checkName(ctx: Context<"NotFoundException">, name: string | undefined): void {
  if (name === undefined || name === "default") return;
  throw ctx.error("NotFoundException", "No such policy exists");
}

/** The policy that speaks for a key. */
export function policyOf({ arn, policy }: KeyRecord): string {
  return policy ?? defaultPolicy(arn.split(":")[4]!);
}

/** Source: KMS Developer Guide, key-policy-default: what CreateKey makes from the API. */
function defaultPolicy(account: string): string {
  return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${account}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`;
}

type PolicyContext = Context<"MalformedPolicyDocumentException" | "LimitExceededException">;

/** Refuses what is no policy, and what would keep whoever puts it from putting another one. */
export function checkPolicy(
  ctx: PolicyContext,
  text: string | undefined,
  mayLockOut: boolean | undefined,
): void {
  if (text === undefined) return;
  if (Buffer.byteLength(text) > policyBytesAtMost) {
    throw ctx.error(
      "LimitExceededException",
      `Key policy is larger than ${policyBytesAtMost} bytes`,
    );
  }
  const policy = compiled(ctx, text);
  if (mayLockOut === true || ctx.caller.kind === "service") return;
  const { decision } = evaluate({
    principal: ctx.caller,
    action: "kms:PutKeyPolicy",
    resource: ctx.arn("key/new"),
    resourceAccount: ctx.account,
    context: emptyContext,
    // What is left to the account, its policies can allow.
    policies: { identity: [everything], resource: policy, resourceMustAllow: true },
  });
  if (decision === "allow") return;
  throw ctx.error(
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
  );
}

const everything = compilePolicy(
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  }),
  "identity",
  "everything",
);

function compiled(ctx: PolicyContext, text: string) {
  try {
    return compilePolicy(text, "resource", "key policy");
  } catch (problem) {
    if (!(problem instanceof PolicyProblem)) throw problem;
    throw ctx.error("MalformedPolicyDocumentException", problem.message);
  }
}
