import type {
  FoundAccess,
  KnownResource,
  Need,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import { contextOf } from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { parameterResource, parseName } from "./names.ts";
import { findParameter } from "./parameter-record.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition
 * keys for AWS Systems Manager".
 */

type Input = Readonly<Record<string, unknown>>;

function onNames(action: string, namesOf: (input: Input) => readonly unknown[]): OperationAccess {
  const rules = (input: Input, ctx: Context): FoundAccess[] =>
    namesOf(input).map((name) => ({
      action: `ssm:${action}`,
      resource: parameterResource(parseName(ctx, String(name)).name),
      input: { ...input, Name: name },
    }));
  return { rules };
}

const onName = (action: string): OperationAccess => onNames(action, (input) => [input["Name"]]);
const onList = (action: string): OperationAccess =>
  onNames(action, (input) => input["Names"] as readonly string[]);
const onTagged = (action: string): OperationAccess =>
  onNames(action, (input) => [input["ResourceId"]]);

export const ssmAccess: ServiceAccess = {
  resource: knownParameter,
  operations: {
    PutParameter: onName("PutParameter"),
    GetParameter: onName("GetParameter"),
    GetParameters: onList("GetParameters"),
    GetParametersByPath: onNames("GetParametersByPath", (input) => [input["Path"]]),
    GetParameterHistory: onName("GetParameterHistory"),
    DeleteParameter: onName("DeleteParameter"),
    DeleteParameters: onList("DeleteParameters"),
    LabelParameterVersion: onName("LabelParameterVersion"),
    UnlabelParameterVersion: onName("UnlabelParameterVersion"),
    DescribeParameters: { rules: [{ action: "ssm:DescribeParameters", resource: "*" }] },
    AddTagsToResource: onTagged("AddTagsToResource"),
    RemoveTagsFromResource: onTagged("RemoveTagsFromResource"),
    ListTagsForResource: onTagged("ListTagsForResource"),
  },
};

function knownParameter(snapshot: Snapshot, ctx: Context, { input }: Need): KnownResource {
  const name = input["Name"];
  if (typeof name !== "string") return {};
  const tags = findParameter(snapshot, ctx, parseName(ctx, name).name)?.tags ?? [];
  const overwrite = input["Overwrite"];
  const recursive = input["Recursive"];
  return {
    keys: contextOf({
      "ssm:Overwrite": overwrite === undefined ? undefined : overwrite === true ? "true" : "false",
      "ssm:Recursive": recursive === undefined ? undefined : recursive === true ? "true" : "false",
      ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:ResourceTag/${Key}`, Value])),
      ...Object.fromEntries(tags.map(({ Key, Value }) => [`ssm:resourceTag/${Key}`, Value])),
    }),
  };
}
