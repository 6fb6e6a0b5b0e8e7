import { createHash } from "node:crypto";
import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DAX, SubnetGroup } from "#models/dax.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import { listClusters } from "./cluster-record.ts";
import { recordEvent } from "./events.ts";
import { subnetGroupKey, subnetGroupsPrefix } from "./keyspace.ts";
import { nameInToken, paged, pageSize } from "./paging.ts";
import { zonesOf } from "./zones.ts";

interface SubnetGroupRecord {
  readonly name: string;
  readonly description: string | undefined;
  readonly subnetIds: readonly string[];
}

/** There where nobody names another; clusters can be made without one. */
export const defaultSubnetGroup = "default";

// Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html (DAX)
const groupsAtMost = 50;
const subnetsAtMost = 20;

const subnetId = /^subnet-[0-9a-f]{8,17}$/;
const groupName = /^[a-z][a-z0-9-]*$/i;

const groupCodec: Codec<SubnetGroupRecord> = {
  encode: (group) => Buffer.from(JSON.stringify(group)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as SubnetGroupRecord,
};

/** There are no networks here: subnets are names, checked for their form. */
export const subnetGroups = {
  CreateSubnetGroup(ctx, input) {
    const name = input.SubnetGroupName.toLowerCase();
    if (name.length > 255 || !groupName.test(name)) {
      throw ctx.error(
        "ValidationException",
        `Invalid subnet group name: ${input.SubnetGroupName}.`,
      );
    }
    checkSubnets(ctx, input.SubnetIds);
    return ctx.transact((tx) => {
      if (findSubnetGroup(tx, ctx, name) !== undefined) {
        throw ctx.error("SubnetGroupAlreadyExistsFault", `Subnet group ${name} already exists.`);
      }
      if (listGroups(tx, ctx).length >= groupsAtMost) {
        throw ctx.error(
          "SubnetGroupQuotaExceededFault",
          `You have exceeded the maximum of ${groupsAtMost} subnet groups.`,
        );
      }
      const group = { name, description: input.Description, subnetIds: input.SubnetIds };
      tx.putRecord(subnetGroupKey(ctx, name), groupCodec, group);
      recordEvent(tx, ctx, "SUBNET_GROUP", name, "Subnet group created.");
      return { SubnetGroup: describe(ctx, group) };
    });
  },

  DescribeSubnetGroups(ctx, input) {
    const size = pageSize(input.MaxResults);
    const after = nameInToken(input.NextToken);
    return ctx.read((snapshot) => {
      if (input.SubnetGroupNames !== undefined && input.SubnetGroupNames.length > 0) {
        const named = input.SubnetGroupNames.map((name) => openSubnetGroup(snapshot, ctx, name));
        return { SubnetGroups: named.map((group) => describe(ctx, group)) };
      }
      const rest = [defaultGroup(ctx), ...listGroups(snapshot, ctx)]
        .sort((one, other) => (one.name < other.name ? -1 : 1))
        .filter(({ name }) => after === undefined || name > after);
      const { page, NextToken } = paged(rest, size, ({ name }) => name);
      return { SubnetGroups: page.map((group) => describe(ctx, group)), NextToken };
    });
  },

  UpdateSubnetGroup(ctx, input) {
    if (input.SubnetIds !== undefined) checkSubnets(ctx, input.SubnetIds);
    return ctx.transact((tx) => {
      const before = openSubnetGroup(tx, ctx, input.SubnetGroupName);
      const after: SubnetGroupRecord = {
        ...before,
        description: input.Description ?? before.description,
        subnetIds: input.SubnetIds ?? before.subnetIds,
      };
      if (isUsed(tx, ctx, before.name)) {
        const lost = before.subnetIds.find((id) => !after.subnetIds.includes(id));
        if (lost !== undefined) throw ctx.error("SubnetInUse", `Subnet ${lost} is in use.`);
      }
      tx.putRecord(subnetGroupKey(ctx, after.name), groupCodec, after);
      recordEvent(tx, ctx, "SUBNET_GROUP", after.name, "Subnet group updated.");
      return { SubnetGroup: describe(ctx, after) };
    });
  },

  DeleteSubnetGroup(ctx, input) {
    return ctx.transact((tx) => {
      const group = openSubnetGroup(tx, ctx, input.SubnetGroupName);
      if (group.name === defaultSubnetGroup || isUsed(tx, ctx, group.name)) {
        throw ctx.error("SubnetGroupInUseFault", `Subnet group ${group.name} is in use.`);
      }
      tx.delete(subnetGroupKey(ctx, group.name));
      recordEvent(tx, ctx, "SUBNET_GROUP", group.name, "Subnet group deleted.");
      return { DeletionMessage: `Subnet group ${group.name} has been deleted.` };
    });
  },
} satisfies Handlers<DAX>;

function checkSubnets(
  ctx: Context<"InvalidSubnet" | "SubnetQuotaExceededFault">,
  ids: readonly string[],
): void {
  if (ids.length === 0) throw ctx.error("InvalidSubnet", "At least one subnet must be given.");
  if (ids.length > subnetsAtMost) {
    throw ctx.error(
      "SubnetQuotaExceededFault",
      `A subnet group has at most ${subnetsAtMost} subnets.`,
    );
  }
  for (const id of ids) {
    if (!subnetId.test(id)) throw ctx.error("InvalidSubnet", `Invalid subnet ID: ${id}.`);
  }
}

export function findSubnetGroup(
  snapshot: Snapshot,
  ctx: Context,
  name: string,
): SubnetGroupRecord | undefined {
  const stored = snapshot.record(subnetGroupKey(ctx, name.toLowerCase()), groupCodec);
  return stored ?? (name.toLowerCase() === defaultSubnetGroup ? defaultGroup(ctx) : undefined);
}

function openSubnetGroup(
  snapshot: Snapshot,
  ctx: Context<"SubnetGroupNotFoundFault">,
  name: string,
): SubnetGroupRecord {
  const found = findSubnetGroup(snapshot, ctx, name);
  if (found === undefined) {
    throw ctx.error("SubnetGroupNotFoundFault", `Subnet group ${name} not found.`);
  }
  return found;
}

/** Of those that were made; the default one is there without. */
function listGroups(snapshot: Snapshot, ctx: Context): SubnetGroupRecord[] {
  const prefix = subnetGroupsPrefix(ctx);
  const found: SubnetGroupRecord[] = [];
  for (const { value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
    found.push(groupCodec.decode(value));
  }
  return found.filter(({ name }) => name !== defaultSubnetGroup);
}

function isUsed(snapshot: Snapshot, ctx: Context, name: string): boolean {
  return listClusters(snapshot, ctx).some(({ subnetGroup }) => subnetGroup === name);
}

function defaultGroup(ctx: Context): SubnetGroupRecord {
  const subnetIds = zonesOf(ctx.region).map((zone) => `subnet-${digest(ctx, zone)}`);
  return { name: defaultSubnetGroup, description: "Default subnet group", subnetIds };
}

/** Names that stay the same for an account and region, in the form of EC2's. */
function digest(ctx: Context, what: string): string {
  return createHash("sha256")
    .update(`${ctx.account} ${ctx.region} ${what}`)
    .digest("hex")
    .slice(0, 17);
}

function describe(ctx: Context, { name, description, subnetIds }: SubnetGroupRecord): SubnetGroup {
  const zones = zonesOf(ctx.region);
  return {
    SubnetGroupName: name,
    Description: description,
    VpcId: `vpc-${digest(ctx, "vpc")}`,
    Subnets: subnetIds.map((id, index) => ({
      SubnetIdentifier: id,
      SubnetAvailabilityZone: zones[index % zones.length],
      SupportedNetworkTypes: ["ipv4"],
    })),
    SupportedNetworkTypes: ["ipv4"],
  };
}
