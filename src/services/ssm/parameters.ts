import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Parameter, SSM } from "#models/ssm.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { parameterKey, versionsPrefix } from "./keyspace.ts";
import { parameterResource, parseName } from "./names.ts";
import {
  findParameter,
  findVersion,
  labelsOf,
  parameterCodec,
  type ParameterRecord,
  type VersionRecord,
  versionsOf,
} from "./parameter-record.ts";
import { shownText } from "./parameter-values.ts";

const labelsAtMost = 10;

/** A version of a parameter that was found, and how it was asked for. */
export interface FoundParameter {
  readonly parameter: ParameterRecord;
  readonly version: VersionRecord;
  readonly selector: string | undefined;
}

export const parameters = {
  async GetParameter(ctx, input) {
    const found = await ctx.read((snapshot) => {
      const { name, selector } = parseName(ctx, input.Name);
      const parameter = findParameter(snapshot, ctx, name);
      if (parameter === undefined) throw ctx.error("ParameterNotFound", "");
      const version = selected(snapshot, ctx, parameter, selector);
      if (version === undefined) {
        throw ctx.error(
          "ParameterVersionNotFound",
          `Systems Manager could not find version ${selector} of ${name}. Verify the version and try again.`,
        );
      }
      return { parameter, version, selector };
    });
    return { Parameter: await shown(ctx, found, input.WithDecryption) };
  },

  async GetParameters(ctx, input) {
    const found = await ctx.read((snapshot) =>
      input.Names.map((text) => {
        const { name, selector } = parseName(ctx, text);
        const parameter = findParameter(snapshot, ctx, name);
        if (parameter === undefined) return { text, found: undefined };
        const version = selected(snapshot, ctx, parameter, selector);
        return { text, found: version && { parameter, version, selector } };
      }),
    );
    const Parameters: Parameter[] = [];
    const InvalidParameters: string[] = [];
    for (const { text, found: one } of found) {
      if (one === undefined) InvalidParameters.push(text);
      else Parameters.push(await shown(ctx, one, input.WithDecryption));
    }
    return { Parameters, InvalidParameters };
  },

  async GetParameterHistory(ctx, input) {
    const { name } = parseName(ctx, input.Name);
    const { parameter, versions } = await ctx.read((snapshot) => {
      const found = findParameter(snapshot, ctx, name);
      if (found === undefined) throw ctx.error("ParameterNotFound", "");
      return { parameter: found, versions: versionsOf(snapshot, ctx, name) };
    });
    const from = input.NextToken === undefined ? 0 : Number(input.NextToken);
    if (!Number.isSafeInteger(from) || from < 0) {
      throw ctx.error("InvalidNextToken", "The specified token isn't valid.");
    }
    const end = from + (input.MaxResults ?? 50);
    const arn = ctx.arn(parameterResource(name));
    const Parameters = [];
    for (const version of versions.slice(from, end)) {
      Parameters.push({
        Name: name,
        ...described(version),
        Value: await shownText(ctx, arn, version.value, input.WithDecryption),
        Labels: labelsOf(parameter, version.version),
      });
    }
    return { Parameters, NextToken: end < versions.length ? String(end) : undefined };
  },

  DeleteParameter(ctx, input) {
    return ctx.transact((tx) => {
      const parameter = findParameter(tx, ctx, parseName(ctx, input.Name).name);
      if (parameter === undefined) throw ctx.error("ParameterNotFound", "");
      forgetParameter(tx, ctx, parameter);
      return {};
    });
  },

  DeleteParameters(ctx, input) {
    return ctx.transact((tx) => {
      const DeletedParameters: string[] = [];
      const InvalidParameters: string[] = [];
      for (const text of new Set(input.Names)) {
        const parameter = findParameter(tx, ctx, parseName(ctx, text).name);
        if (parameter === undefined) InvalidParameters.push(text);
        else {
          forgetParameter(tx, ctx, parameter);
          DeletedParameters.push(text);
        }
      }
      return { DeletedParameters, InvalidParameters };
    });
  },

  LabelParameterVersion(ctx, input) {
    const { name } = parseName(ctx, input.Name);
    return ctx.transact((tx) => {
      const parameter = findParameter(tx, ctx, name);
      if (parameter === undefined) throw ctx.error("ParameterNotFound", "");
      const number = input.ParameterVersion ?? parameter.latestVersion;
      checkVersion(tx, ctx, name, number);
      const InvalidLabels = input.Labels.filter((label) => !isLabel(label));
      const labels = { ...parameter.labels };
      for (const label of input.Labels) if (isLabel(label)) labels[label] = number;
      const after = { ...parameter, labels };
      if (labelsOf(after, number).length > labelsAtMost) {
        throw ctx.error(
          "ParameterVersionLabelLimitExceeded",
          "An error occurred (ParameterVersionLabelLimitExceeded) when calling the LabelParameterVersion operation: A parameter version can have maximum 10 labels.Move one or more labels to another version and try again.",
        );
      }
      tx.putRecord(parameterKey(ctx, name), parameterCodec, after);
      return { InvalidLabels, ParameterVersion: number };
    });
  },

  UnlabelParameterVersion(ctx, input) {
    const { name } = parseName(ctx, input.Name);
    return ctx.transact((tx) => {
      const parameter = findParameter(tx, ctx, name);
      if (parameter === undefined) throw ctx.error("ParameterNotFound", "");
      checkVersion(tx, ctx, name, input.ParameterVersion);
      const isThere = (label: string): boolean =>
        parameter.labels[label] === input.ParameterVersion;
      const removed = new Set(input.Labels.filter(isThere));
      const kept = Object.entries(parameter.labels).filter(([label]) => !removed.has(label));
      const after = { ...parameter, labels: Object.fromEntries(kept) };
      tx.putRecord(parameterKey(ctx, name), parameterCodec, after);
      const InvalidLabels = input.Labels.filter((label) => !removed.has(label));
      return { RemovedLabels: [...removed], InvalidLabels };
    });
  },
} satisfies Handlers<SSM>;

/** Source: Systems Manager User Guide, sysman-paramstore-labels. */
const isLabel = (label: string): boolean =>
  /^[A-Za-z_.-][A-Za-z0-9_.-]*$/.test(label) && !/^(aws|ssm)/i.test(label);

function checkVersion(
  snapshot: Snapshot,
  ctx: Context<"ParameterVersionNotFound">,
  name: string,
  number: number,
): void {
  if (findVersion(snapshot, ctx, name, number) !== undefined) return;
  throw ctx.error(
    "ParameterVersionNotFound",
    `Systems Manager could not find version ${number} of ${name}. Verify the version and try again.`,
  );
}

function selected(
  snapshot: Snapshot,
  ctx: Context,
  { name, latestVersion, labels }: ParameterRecord,
  selector: string | undefined,
): VersionRecord | undefined {
  const number =
    selector === undefined
      ? latestVersion
      : /^\d+$/.test(selector)
        ? Number(selector)
        : labels[selector];
  return number === undefined ? undefined : findVersion(snapshot, ctx, name, number);
}

export async function shown(
  ctx: Context<"InvalidKeyId">,
  { parameter, version, selector }: FoundParameter,
  isDecrypted: boolean | undefined,
): Promise<Parameter> {
  const ARN = ctx.arn(parameterResource(parameter.name));
  return {
    Name: parameter.name,
    Type: version.type,
    Value: await shownText(ctx, ARN, version.value, isDecrypted),
    Version: version.version,
    Selector: selector === undefined ? undefined : `:${selector}`,
    LastModifiedDate: version.modifiedAtMs,
    ARN,
    DataType: version.dataType,
  };
}

/** What lists and histories tell of a version. */
export function described(version: VersionRecord) {
  return {
    Type: version.type,
    KeyId: version.keyId,
    LastModifiedDate: version.modifiedAtMs,
    LastModifiedUser: version.modifiedBy,
    Description: version.description,
    AllowedPattern: version.allowedPattern,
    Version: version.version,
    Tier: version.tier,
    Policies: version.policies.map(({ text }) => ({
      PolicyText: text,
      PolicyType: "Expiration",
      PolicyStatus: "Pending",
    })),
    DataType: version.dataType,
  };
}

export function forgetParameter(tx: Transaction, ctx: Context, { name }: ParameterRecord): void {
  const start = versionsPrefix(ctx, name);
  for (const { key } of tx.range({ start, end: endOfPrefix(start) })) tx.delete(key);
  tx.delete(parameterKey(ctx, name));
  ctx.unschedule(tx, "expireParameter", name);
}
