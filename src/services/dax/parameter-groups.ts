import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DAX, ParameterGroup } from "#models/dax.ts";
import { listClusters } from "./cluster-record.ts";
import { recordEvent } from "./events.ts";
import { checkName } from "./names.ts";
import { nameInToken, paged, pageSize, tokenOf } from "./paging.ts";
import {
  defaultGroup,
  findParameterGroup,
  listParameterGroups,
  openParameterGroup,
  putParameterGroup,
  removeParameterGroup,
  type ParameterGroupRecord,
} from "./parameter-group-record.ts";
import { describeParameters, isParameterName, type ParameterValues } from "./parameters.ts";
import { tellNodes } from "./tell-nodes.ts";

// Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html (DAX)
const groupsAtMost = 20;
const parametersAtOnce = 20;
const largestMillis = 2 ** 31 - 1;

export const parameterGroups = {
  CreateParameterGroup(ctx, input) {
    const name = checkName(ctx, "ParameterGroupName", input.ParameterGroupName);
    return ctx.transact((tx) => {
      if (findParameterGroup(tx, ctx, name) !== undefined) {
        throw ctx.error(
          "ParameterGroupAlreadyExistsFault",
          `Parameter group ${name} already exists.`,
        );
      }
      if (listParameterGroups(tx, ctx).length >= groupsAtMost) {
        throw ctx.error(
          "ParameterGroupQuotaExceededFault",
          `You have exceeded the maximum of ${groupsAtMost} parameter groups.`,
        );
      }
      const group: ParameterGroupRecord = { name, description: input.Description, values: {} };
      putParameterGroup(tx, ctx, group);
      recordEvent(tx, ctx, "PARAMETER_GROUP", name, "Parameter group created.");
      return { ParameterGroup: describe(group) };
    });
  },

  DescribeParameterGroups(ctx, input) {
    const size = pageSize(input.MaxResults);
    const after = nameInToken(input.NextToken);
    return ctx.read((snapshot) => {
      if (input.ParameterGroupNames !== undefined && input.ParameterGroupNames.length > 0) {
        const named = input.ParameterGroupNames.map((name) =>
          openParameterGroup(snapshot, ctx, name),
        );
        return { ParameterGroups: named.map(describe) };
      }
      const all = [defaultGroup, ...listParameterGroups(snapshot, ctx)].sort((one, other) =>
        one.name < other.name ? -1 : 1,
      );
      const rest = after === undefined ? all : all.filter(({ name }) => name > after);
      const { page, NextToken } = paged(rest, size, ({ name }) => name);
      return { ParameterGroups: page.map(describe), NextToken };
    });
  },

  /** The nodes that work by this group follow at once: AWS calls these changes IMMEDIATE. */
  UpdateParameterGroup(ctx, input) {
    const values = checkValues(ctx, input.ParameterNameValues);
    return ctx.transact((tx) => {
      const before = openParameterGroup(tx, ctx, input.ParameterGroupName);
      if (before === defaultGroup) {
        throw ctx.error(
          "InvalidParameterGroupStateFault",
          `The default parameter group ${before.name} cannot be modified.`,
        );
      }
      const after = { ...before, values: { ...before.values, ...values } };
      putParameterGroup(tx, ctx, after);
      for (const cluster of listClusters(tx, ctx)) {
        if (cluster.nodes.some(({ parameterGroup }) => parameterGroup === after.name)) {
          tellNodes(tx, ctx, cluster);
        }
      }
      recordEvent(tx, ctx, "PARAMETER_GROUP", after.name, "Parameter group updated.");
      return { ParameterGroup: describe(after) };
    });
  },

  DeleteParameterGroup(ctx, input) {
    return ctx.transact((tx) => {
      const group = openParameterGroup(tx, ctx, input.ParameterGroupName);
      const isUsed = listClusters(tx, ctx).some(
        ({ parameterGroup, nodes }) =>
          parameterGroup === group.name || nodes.some((node) => node.parameterGroup === group.name),
      );
      if (group === defaultGroup || isUsed) {
        throw ctx.error(
          "InvalidParameterGroupStateFault",
          group === defaultGroup
            ? `The default parameter group ${group.name} cannot be deleted.`
            : `Parameter group ${group.name} is in use by a cluster.`,
        );
      }
      removeParameterGroup(tx, ctx, group);
      recordEvent(tx, ctx, "PARAMETER_GROUP", group.name, "Parameter group deleted.");
      return { DeletionMessage: `Parameter group ${group.name} has been deleted.` };
    });
  },

  DescribeParameters(ctx, input) {
    const size = pageSize(input.MaxResults);
    const after = nameInToken(input.NextToken);
    return ctx.read((snapshot) => {
      const group = openParameterGroup(snapshot, ctx, input.ParameterGroupName);
      const all = describeParameters(group.values).filter(
        ({ Source: source }) => input.Source === undefined || source === input.Source,
      );
      return pageOfParameters(all, size, after);
    });
  },

  DescribeDefaultParameters(_ctx, input) {
    const size = pageSize(input.MaxResults);
    return pageOfParameters(describeParameters({}), size, nameInToken(input.NextToken));
  },
} satisfies Handlers<DAX>;

function pageOfParameters(
  all: readonly ReturnType<typeof describeParameters>[number][],
  size: number,
  after: string | undefined,
): { Parameters: ReturnType<typeof describeParameters>; NextToken: string | undefined } {
  const rest = all.filter(({ ParameterName: name = "" }) => after === undefined || name > after);
  const page = rest.slice(0, size);
  const last = page.at(-1)?.ParameterName;
  const hasMore = rest.length > size && last !== undefined;
  return { Parameters: page, NextToken: hasMore ? tokenOf(last) : undefined };
}

function checkValues(
  ctx: Context<"InvalidParameterValueException">,
  given: readonly { ParameterName?: string | undefined; ParameterValue?: string | undefined }[],
): ParameterValues {
  const refuse = (message: string): Error => ctx.error("InvalidParameterValueException", message);
  if (given.length === 0) throw refuse("At least one parameter must be given.");
  if (given.length > parametersAtOnce) {
    throw refuse(`At most ${parametersAtOnce} parameters can be modified in a request.`);
  }
  const values: Partial<Record<string, string>> = {};
  for (const { ParameterName: name, ParameterValue: value } of given) {
    if (!isParameterName(name)) throw refuse(`Invalid parameter name: ${name ?? null}.`);
    if (value === undefined || !/^\d{1,10}$/.test(value) || Number(value) > largestMillis) {
      throw refuse(`Invalid value for parameter ${name}: ${value ?? null}.`);
    }
    values[name] = value;
  }
  return values;
}

function describe({ name, description }: ParameterGroupRecord): ParameterGroup {
  return { ParameterGroupName: name, Description: description };
}
