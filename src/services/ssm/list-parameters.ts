import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { ParameterStringFilter, SSM } from "#models/ssm.ts";
import type { Snapshot } from "#store/store.ts";
import { parametersPrefix } from "./keyspace.ts";
import { parameterResource } from "./names.ts";
import {
  latestVersion,
  parameterCodec,
  type ParameterRecord,
  type VersionRecord,
} from "./parameter-record.ts";
import { described, shown } from "./parameters.ts";

type FilterContext = Context<
  "InvalidFilterKey" | "InvalidFilterOption" | "InvalidFilterValue" | "InvalidNextToken"
>;

interface Listed {
  readonly parameter: ParameterRecord;
  readonly version: VersionRecord;
}

export const listParameters = {
  DescribeParameters(ctx, input) {
    if (input.Shared === true) {
      throw ctx.error("NotImplemented", "Shared parameters are not implemented by Tule yet.");
    }
    const older = (input.Filters ?? []).map(({ Key, Values }) => ({
      Key,
      Option: Key === "Name" ? "BeginsWith" : "Equals",
      Values,
    }));
    const filters = [...older, ...(input.ParameterFilters ?? [])];
    for (const filter of filters) checkFilter(ctx, filter, ["Equals", "BeginsWith", "Contains"]);
    return ctx.read((snapshot) => {
      const { items, next } = pageBelow(
        snapshot,
        ctx,
        "",
        input.NextToken,
        input.MaxResults ?? 50,
        (one) => filters.every((filter) => isWanted(one, filter)),
      );
      const Parameters = items.map(({ parameter, version }) => ({
        Name: parameter.name,
        ARN: ctx.arn(parameterResource(parameter.name)),
        ...described(version),
      }));
      return { Parameters, NextToken: next };
    });
  },

  async GetParametersByPath(ctx, input) {
    const { Path: path, Recursive: isRecursive = false, ParameterFilters: filters = [] } = input;
    if (!path.startsWith("/") || /[^a-zA-Z0-9_.\-/]/.test(path)) {
      throw ctx.error(
        "ValidationException",
        'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.',
      );
    }
    for (const filter of filters) {
      if (!["Type", "KeyId", "Label"].includes(filter.Key)) {
        throw ctx.error(
          "InvalidFilterKey",
          `The following filter key is not valid: ${filter.Key}. Valid filter keys include: [Type, KeyId, Label].`,
        );
      }
      checkFilter(ctx, filter, ["Equals", "BeginsWith"]);
    }
    const start = path.endsWith("/") ? path : `${path}/`;
    const labels = filters.find(({ Key }) => Key === "Label")?.Values;
    const { items, next } = await ctx.read((snapshot) =>
      pageBelow(
        snapshot,
        ctx,
        start,
        input.NextToken,
        input.MaxResults ?? 10,
        ({ parameter, version }) => {
          const isDirect = !parameter.name.slice(start.length).includes("/");
          const hasLabel =
            labels === undefined || labels.some((one) => parameter.labels[one] === version.version);
          const isRight = filters.every(
            (filter) => filter.Key === "Label" || isWanted({ parameter, version }, filter),
          );
          return (isRecursive || isDirect) && hasLabel && isRight;
        },
      ),
    );
    const Parameters = [];
    for (const { parameter, version } of items) {
      Parameters.push(
        await shown(ctx, { parameter, version, selector: undefined }, input.WithDecryption),
      );
    }
    return { Parameters, NextToken: next };
  },
} satisfies Handlers<SSM>;

/** A page of the parameters whose names begin with `start`, by name. The token is where the next one begins. */
function pageBelow(
  snapshot: Snapshot,
  ctx: FilterContext,
  start: string,
  token: string | undefined,
  most: number,
  isRight: (one: Listed) => boolean,
): { readonly items: Listed[]; readonly next: string | undefined } {
  const prefix = parametersPrefix(ctx, start);
  const end = endOfPrefix(prefix);
  const from: Key =
    token === undefined ? prefix : prefix + Buffer.from(token, "base64url").toString("latin1");
  if (from >= end) throw ctx.error("InvalidNextToken", "The specified token isn't valid.");
  const items: Listed[] = [];
  let last: Key = prefix;
  for (const { key, value } of snapshot.range({ start: from, end })) {
    const parameter = parameterCodec.decode(value);
    const one = { parameter, version: latestVersion(snapshot, ctx, parameter) };
    if (!isRight(one)) continue;
    if (items.length === most) {
      const next = Buffer.from(keyAfter(last).slice(prefix.length), "latin1").toString("base64url");
      return { items, next };
    }
    items.push(one);
    last = key;
  }
  return { items, next: undefined };
}

function checkFilter(
  ctx: FilterContext,
  filter: ParameterStringFilter,
  options: readonly string[],
): void {
  const { Key: key, Option: option, Values: values = [] } = filter;
  const isTag = key.startsWith("tag:");
  const allowed = key === "Path" ? ["OneLevel", "Recursive"] : options;
  if (option !== undefined && !allowed.includes(option)) {
    throw ctx.error(
      "InvalidFilterOption",
      `The following filter option is not valid: ${option}. Valid options include: [${allowed.join(", ")}].`,
    );
  }
  if (values.length === 0 && !isTag) {
    throw ctx.error(
      "InvalidFilterValue",
      `The following filter values are missing : null for filter key ${key}.`,
    );
  }
}

/** Source: API reference, ParameterStringFilter. */
function isWanted({ parameter, version }: Listed, filter: ParameterStringFilter): boolean {
  const {
    Key: key,
    Values: values = [],
    Option: option = key === "Path" ? "OneLevel" : "Equals",
  } = filter;
  if (key === "Path")
    return values.some((path) => isBelow(parameter.name, path, option === "Recursive"));
  const found = attributeOf(parameter, version, key);
  if (found === undefined) return false;
  if (values.length === 0) return true;
  return values.some((value) => {
    if (option === "BeginsWith") return found.some((one) => one.startsWith(value));
    return option === "Contains" ? found.some((one) => one.includes(value)) : found.includes(value);
  });
}

function attributeOf(
  parameter: ParameterRecord,
  version: VersionRecord,
  key: string,
): readonly string[] | undefined {
  switch (key) {
    case "Name":
      // A name is found with and without its first slash.
      return [parameter.name, parameter.name.replace(/^\//, "")];
    case "Type":
      return [version.type];
    case "KeyId":
      return version.keyId === undefined ? undefined : [version.keyId];
    case "Tier":
      return [version.tier];
    case "DataType":
      return [version.dataType];
    case "Label":
      return Object.keys(parameter.labels);
    default: {
      const tag = parameter.tags.find(({ Key }) => `tag:${Key}` === key);
      return tag && [tag.Value];
    }
  }
}

function isBelow(name: string, path: string, isRecursive: boolean): boolean {
  const start = path.endsWith("/") ? path : `${path}/`;
  const isAtTop = path === "/" && !name.includes("/");
  if (isAtTop) return true;
  return name.startsWith(start) && (isRecursive || !name.slice(start.length).includes("/"));
}
