import type { Problems } from "../crash/problems.ts";

/** A region's stream, and who asks its service. */
export interface StreamPlace {
  readonly region: string;
  readonly streamArn: string;
  readonly ask: (operation: string, body: object) => Promise<unknown>;
}

interface StreamRecord {
  readonly eventName: string;
  readonly dynamodb: {
    readonly Keys: { readonly pk: { readonly S: string } };
    readonly NewImage?: { readonly version: { readonly S: string } };
    readonly OldImage?: { readonly version: { readonly S: string } };
  };
}

/**
 * Reads a region's whole stream: each item's changes follow one from the other, up to what the item is now, and no
 * version comes about twice. `before`: what was there when the stream began. Answers how many records there are.
 */
export async function checkStream(
  place: StreamPlace,
  content: ReadonlyMap<string, string>,
  problems: Problems,
  before: ReadonlyMap<string, string> = new Map(),
): Promise<number> {
  const now = new Map(before);
  const seen = new Set<string>();
  let count = 0;
  for await (const { eventName, dynamodb } of recordsOf(place)) {
    count += 1;
    const name = dynamodb.Keys.pk.S;
    const was = dynamodb.OldImage?.version.S;
    const after = dynamodb.NewImage?.version.S;
    if (was !== now.get(name)) {
      problems.add(
        "stream",
        `${place.region}: ${eventName} of ${name} says it was ${was}, but it was ${now.get(name)}`,
      );
    }
    if (after === undefined) now.delete(name);
    else now.set(name, after);
    if (after !== undefined && seen.has(after)) {
      problems.add("stream", `${place.region}: ${name} became ${after} twice`);
    }
    if (after !== undefined) seen.add(after);
  }
  for (const name of new Set([...now.keys(), ...content.keys()])) {
    if (now.get(name) === content.get(name)) continue;
    problems.add("stream", `${place.region}: its stream ends with ${name} as ${now.get(name)}`);
  }
  return count;
}

async function* recordsOf({ streamArn: StreamArn, ask }: StreamPlace): AsyncIterable<StreamRecord> {
  const described = (await ask("DescribeStream", { StreamArn })) as {
    StreamDescription: { Shards: { ShardId: string }[] };
  };
  // Parents come before their children.
  for (const { ShardId } of described.StreamDescription.Shards) {
    const type = { ShardIteratorType: "TRIM_HORIZON" };
    const begun = await ask("GetShardIterator", { StreamArn, ShardId, ...type });
    let iterator = (begun as { ShardIterator?: string }).ShardIterator;
    while (iterator !== undefined) {
      const page = (await ask("GetRecords", { ShardIterator: iterator })) as {
        Records: StreamRecord[];
        NextShardIterator?: string;
      };
      yield* page.Records;
      if (page.Records.length === 0) break;
      iterator = page.NextShardIterator;
    }
  }
}
