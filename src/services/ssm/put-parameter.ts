import type { Context } from "#kernel/context.ts";
import type { Handlers, JobHandler } from "#kernel/service.ts";
import type { ParameterTier, PutParameterRequest, SSM, Tag } from "#models/ssm.ts";
import type { Transaction } from "#store/store.ts";
import { parameterKey, versionKey } from "./keyspace.ts";
import { checkNewName, parameterResource } from "./names.ts";
import {
  findParameter,
  findVersion,
  latestVersion,
  labelsOf,
  parameterCodec,
  type ParameterRecord,
  type StoredValue,
  versionCodec,
  type VersionRecord,
  versionsOf,
} from "./parameter-record.ts";
import { managedKey, sealedText } from "./parameter-values.ts";
import { parsePolicies } from "./policies.ts";
import { forgetParameter } from "./parameters.ts";

/** Source: Systems Manager endpoints and quotas, and parameter-store-advanced-parameters. */
const standardBytesAtMost = 4_096;
const advancedBytesAtMost = 8_192;
const versionsAtMost = 100;
const tagsAtMost = 50;

type PutContext = Context<
  | "InvalidAllowedPatternException"
  | "InvalidKeyId"
  | "ParameterAlreadyExists"
  | "ParameterMaxVersionLimitExceeded"
  | "ParameterPatternMismatchException"
>;

export const putParameter = {
  async PutParameter(ctx, input) {
    const { Name: name, Value: value, Overwrite: mayOverwrite = false } = input;
    checkNewName(ctx, name);
    const known = await ctx.read((snapshot) => {
      const parameter = findParameter(snapshot, ctx, name);
      return parameter && latestVersion(snapshot, ctx, parameter);
    });
    if (known !== undefined && !mayOverwrite) throw alreadyExists(ctx);
    if (input.Tags !== undefined && mayOverwrite) {
      throw ctx.error(
        "ValidationException",
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
      );
    }
    const type = input.Type ?? known?.type;
    if (type === undefined) {
      throw ctx.error(
        "ValidationException",
        "A parameter type is required when you create a parameter.",
      );
    }
    const dataType = input.DataType ?? known?.dataType ?? "text";
    if (dataType !== "text") {
      throw ctx.error("NotImplemented", `DataType ${dataType} is not implemented by Tule yet.`);
    }
    checkPattern(ctx, input);
    const policies = parsePolicies(ctx, input.Policies);
    const tier = tierOf(ctx, input, known?.tier, policies.length > 0);
    const keyId = type === "SecureString" ? (input.KeyId ?? known?.keyId ?? managedKey) : undefined;
    const arn = ctx.arn(parameterResource(name));
    const stored: StoredValue =
      type === "SecureString"
        ? await sealedText(ctx, arn, { keyId, tier }, value)
        : { kind: "plain", text: value };
    return ctx.transact((tx) => {
      const before = findParameter(tx, ctx, name);
      if (before !== undefined && !mayOverwrite) throw alreadyExists(ctx);
      const latest = before && latestVersion(tx, ctx, before);
      const version: VersionRecord = {
        version: (before?.latestVersion ?? 0) + 1,
        type,
        value: stored,
        keyId,
        description: input.Description ?? latest?.description,
        allowedPattern: input.AllowedPattern ?? latest?.allowedPattern,
        tier,
        policies: input.Policies === undefined ? (latest?.policies ?? []) : policies,
        dataType,
        modifiedAtMs: ctx.now(),
        modifiedBy: ctx.caller.arn,
      };
      const fresh = { name, labels: {}, tags: tagsOf(input.Tags ?? []) };
      const parameter = { ...fresh, ...before, latestVersion: version.version };
      tx.putRecord(parameterKey(ctx, name), parameterCodec, parameter);
      tx.putRecord(versionKey(ctx, name, version.version), versionCodec, version);
      if (before !== undefined) dropOldest(tx, ctx, before);
      scheduleExpiry(tx, ctx, name, version);
      return { Version: version.version, Tier: tier };
    });
  },
} satisfies Handlers<SSM>;

function alreadyExists(ctx: PutContext): Error {
  return ctx.error(
    "ParameterAlreadyExists",
    "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
  );
}

export function tagsOf(given: readonly Tag[], before: readonly Tag[] = []): Tag[] {
  const names = new Set(given.map(({ Key }) => Key));
  return [...before.filter(({ Key }) => !names.has(Key)), ...given];
}

export const hasTooManyTags = (tags: readonly Tag[]): boolean => tags.length > tagsAtMost;

function checkPattern(
  ctx: PutContext,
  { AllowedPattern: pattern, Value: value }: PutParameterRequest,
): void {
  if (pattern === undefined || pattern === "") return;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch {
    throw ctx.error(
      "InvalidAllowedPatternException",
      "The request does not meet the regular expression requirement.",
    );
  }
  if (expression.test(value)) return;
  throw ctx.error(
    "ParameterPatternMismatchException",
    `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
  );
}

function tierOf(
  ctx: PutContext,
  { Tier: given, Value: value }: PutParameterRequest,
  before: "Standard" | "Advanced" | undefined,
  hasPolicies: boolean,
): "Standard" | "Advanced" {
  const bytes = Buffer.byteLength(value);
  const needsAdvanced = bytes > standardBytesAtMost || hasPolicies;
  const tier: ParameterTier = given ?? before ?? "Standard";
  if (bytes > advancedBytesAtMost) {
    throw ctx.error(
      "ValidationException",
      "Advanced tier parameters support a maximum parameter value of 8192 characters.",
    );
  }
  if (tier === "Intelligent-Tiering")
    return needsAdvanced || before === "Advanced" ? "Advanced" : "Standard";
  if (tier === "Standard" && before === "Advanced") {
    throw ctx.error(
      "ValidationException",
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
    );
  }
  if (tier === "Standard" && needsAdvanced) {
    throw ctx.error(
      "ValidationException",
      hasPolicies
        ? "Standard tier parameters do not support parameter policies. To add a policy to a parameter, use the Advanced tier."
        : "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
    );
  }
  return tier;
}

/** A parameter keeps a hundred versions; one with a label is not dropped. */
function dropOldest(tx: Transaction, ctx: PutContext, before: ParameterRecord): void {
  const versions = versionsOf(tx, ctx, before.name);
  const [oldest] = versions;
  if (versions.length <= versionsAtMost || oldest === undefined) return;
  if (labelsOf(before, oldest.version).length > 0) {
    throw ctx.error(
      "ParameterMaxVersionLimitExceeded",
      `You attempted to create a new version of ${before.name} by calling the PutParameter API with the overwrite flag. Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
    );
  }
  tx.delete(versionKey(ctx, before.name, oldest.version));
}

function scheduleExpiry(
  tx: Transaction,
  ctx: Context,
  name: string,
  { policies, version }: VersionRecord,
): void {
  ctx.unschedule(tx, "expireParameter", name);
  const at = policies[0]?.atMs;
  if (at === undefined) return;
  ctx.schedule(tx, { at, job: "expireParameter", key: name, payload: { name, version } });
}

/** An expiration policy's time has come: the parameter goes. */
export const expireParameter: JobHandler = (ctx, job: { name: string; version: number }) =>
  ctx.transact((tx) => {
    ctx.complete(tx);
    const parameter = findParameter(tx, ctx, job.name);
    if (parameter?.latestVersion !== job.version) return;
    const version = findVersion(tx, ctx, job.name, job.version);
    const isOver = version?.policies.some(({ atMs }) => atMs <= ctx.now());
    if (isOver === true) forgetParameter(tx, ctx, parameter);
  });
