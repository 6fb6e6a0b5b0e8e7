import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatch, TagList } from "#models/cloudwatch.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { findAlarm } from "./alarms/alarm-record.ts";
import { alarmNameOf } from "./alarms/alarm-rule.ts";
import { findDashboard } from "./dashboards.ts";
import { tagsKey } from "./keyspace.ts";

const tagsAtMost = 50;

const tagsCodec: Codec<TagList> = {
  encode: (tags) => Buffer.from(JSON.stringify(tags)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as TagList,
};

/** Tags of alarms and dashboards, by ARN. */
export const tags = {
  /** Recorded: of what is not there, none. */
  ListTagsForResource(ctx, input) {
    return ctx.read((snapshot) => ({ Tags: tagsOf(snapshot, ctx, input.ResourceARN) }));
  },

  TagResource(ctx, input) {
    return ctx.transact((tx) => {
      checkResource(tx, ctx, input.ResourceARN);
      const changed = new Set(input.Tags.map(({ Key }) => Key));
      const kept = tagsOf(tx, ctx, input.ResourceARN).filter(({ Key }) => !changed.has(Key));
      putTags(tx, ctx, input.ResourceARN, [...kept, ...input.Tags]);
      return {};
    });
  },

  UntagResource(ctx, input) {
    return ctx.transact((tx) => {
      checkResource(tx, ctx, input.ResourceARN);
      const removed = new Set(input.TagKeys);
      const before = tagsOf(tx, ctx, input.ResourceARN);
      putTags(
        tx,
        ctx,
        input.ResourceARN,
        before.filter(({ Key }) => !removed.has(Key)),
      );
      return {};
    });
  },
} satisfies Handlers<CloudWatch>;

export function tagsOf(snapshot: Snapshot, ctx: Context, arn: string): TagList {
  return snapshot.record(tagsKey(ctx, arn), tagsCodec) ?? [];
}

/** Gives a resource these tags, in the order of their keys. */
export function putTags(
  tx: Transaction,
  ctx: Context,
  arn: string,
  given: TagList | undefined,
): void {
  if (given === undefined) return;
  const wrong = (message: string): Error => ctx.error("ValidationException", message);
  const byKey = new Map(given.map(({ Key, Value }) => [Key, Value]));
  if (byKey.size !== given.length) throw wrong("Tag keys must be unique.");
  if (byKey.size > tagsAtMost) throw wrong(`A resource can have at most ${tagsAtMost} tags.`);
  if ([...byKey.keys()].some((key) => key.toLowerCase().startsWith("aws:"))) {
    throw wrong("Tag keys that begin with aws: are reserved.");
  }
  const sorted = [...byKey].map(([Key, Value]) => ({ Key, Value }));
  if (sorted.length === 0) forgetTags(tx, ctx, arn);
  else tx.putRecord(tagsKey(ctx, arn), tagsCodec, sorted);
}

export function forgetTags(tx: Transaction, ctx: Context, arn: string): void {
  tx.delete(tagsKey(ctx, arn));
}

function checkResource(
  snapshot: Snapshot,
  ctx: Context<"InvalidParameterValue" | "ResourceNotFoundException">,
  arn: string,
): void {
  const [, , service, , account, kind = "", name = ""] = arn.split(/:|\//);
  if (service !== "cloudwatch" || (kind !== "alarm" && kind !== "dashboard")) {
    throw ctx.error(
      "InvalidParameterValue",
      `The value ${arn} for parameter ResourceARN is invalid.`,
    );
  }
  const isThere =
    kind === "alarm"
      ? findAlarm(snapshot, ctx, alarmNameOf(arn))?.alarm.AlarmArn === arn
      : account === ctx.account && findDashboard(snapshot, ctx, name) !== undefined;
  if (isThere) return;
  throw ctx.error("ResourceNotFoundException", `The resource ${arn} does not exist.`, {
    ResourceType: kind,
    ResourceId: name,
  });
}
