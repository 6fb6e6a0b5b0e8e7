import type { Shard } from "#models/dynamodbstreams.ts";
import { type Image, nameOf } from "./designs.ts";
import { type Machine, originOf } from "./machine.ts";
import { areSame, isSame } from "./reads.ts";

interface Change {
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly dynamodb: {
    readonly Keys: Image;
    readonly NewImage?: Image;
    readonly OldImage?: Image;
    readonly SequenceNumber: string;
  };
}

/**
 * A table's stream, replayed from its beginning, is the table: each change begins with what the one before left, none
 * is missing, none is there twice, and none is of a write that was lost.
 */
export async function auditStream(
  machine: Machine,
  problem: (text: string) => void,
  streamArn: string,
  items: readonly Image[],
): Promise<void> {
  const replayed = new Map<string, Image>();
  let last = "";
  for (const { eventName, dynamodb } of await changesOf(machine, streamArn)) {
    const { Keys, NewImage, OldImage, SequenceNumber } = dynamodb;
    const name = nameOf(Keys);
    const before = replayed.get(name);
    if (SequenceNumber <= last) problem(`change ${SequenceNumber} comes after ${last}`);
    last = SequenceNumber;
    if (!isSame(before, OldImage)) {
      problem(`change ${SequenceNumber} begins with ${JSON.stringify(OldImage)}`);
    }
    if (isSame(OldImage, NewImage)) problem(`change ${SequenceNumber} changes nothing`);
    const due = before === undefined ? "INSERT" : NewImage === undefined ? "REMOVE" : "MODIFY";
    if (eventName !== due) problem(`change ${SequenceNumber} is called ${eventName}, not ${due}`);
    if (NewImage === undefined) replayed.delete(name);
    else replayed.set(name, NewImage);
  }
  if (!areSame([...replayed.values()], items)) problem("its stream tells of other items");
}

/** Its shards follow one after the other: load that would split them takes more than a simulation. */
async function changesOf(machine: Machine, StreamArn: string): Promise<Change[]> {
  const described = await ask(machine, "DescribeStream", { StreamArn });
  const { Shards = [] } = described["StreamDescription"] as { Shards?: Shard[] };
  const changes: Change[] = [];
  for (const { ShardId } of Shards) {
    const start = { StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" };
    let { ShardIterator } = await ask(machine, "GetShardIterator", start);
    while (ShardIterator !== undefined) {
      const page = await ask(machine, "GetRecords", { ShardIterator, Limit: 100 });
      const records = page["Records"] as Change[];
      changes.push(...records);
      if (records.length === 0) break;
      ShardIterator = page["NextShardIterator"];
    }
  }
  return changes;
}

async function ask(
  machine: Machine,
  operation: string,
  input: object,
): Promise<Record<string, unknown>> {
  const output = await machine.kernel.call(originOf(operation, "dynamodbstreams"), input);
  return JSON.parse(JSON.stringify(output)) as Record<string, unknown>;
}
