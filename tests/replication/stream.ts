import type { Problems } from "../crash/problems.ts";

interface StreamPlace {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly streamArn: string;
}

interface Record_ {
  readonly eventName: string;
  readonly dynamodb: {
    readonly Keys: { readonly pk: { readonly S: string } };
    readonly NewImage?: { readonly version: { readonly S: string } };
    readonly OldImage?: { readonly version: { readonly S: string } };
  };
}

/**
 * Reads a region's whole stream: each item's changes follow one from the other, up to what the item is now, and no
 * version comes about twice. Answers how many records there are.
 */
export async function checkStream(
  place: StreamPlace,
  content: ReadonlyMap<string, string>,
  problems: Problems,
): Promise<number> {
  const now = new Map<string, string>();
  const seen = new Set<string>();
  let count = 0;
  for await (const { eventName, dynamodb } of recordsOf(place)) {
    count += 1;
    const name = dynamodb.Keys.pk.S;
    const before = dynamodb.OldImage?.version.S;
    const after = dynamodb.NewImage?.version.S;
    if (before !== now.get(name)) {
      problems.add(
        "stream",
        `${place.region}: ${eventName} of ${name} says it was ${before}, but it was ${now.get(name)}`,
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

async function* recordsOf(place: StreamPlace): AsyncIterable<Record_> {
  const { streamArn: StreamArn } = place;
  const described = (await ask(place, "DescribeStream", { StreamArn })) as {
    StreamDescription: { Shards: { ShardId: string }[] };
  };
  // Parents come before their children.
  for (const { ShardId } of described.StreamDescription.Shards) {
    const type = { ShardIteratorType: "TRIM_HORIZON" };
    const begun = await ask(place, "GetShardIterator", { StreamArn, ShardId, ...type });
    let iterator = (begun as { ShardIterator?: string }).ShardIterator;
    while (iterator !== undefined) {
      const page = (await ask(place, "GetRecords", { ShardIterator: iterator })) as {
        Records: Record_[];
        NextShardIterator?: string;
      };
      yield* page.Records;
      if (page.Records.length === 0) break;
      iterator = page.NextShardIterator;
    }
  }
}

async function ask(
  { endpoint, region, account }: StreamPlace,
  operation: string,
  body: object,
): Promise<unknown> {
  const scope = `${account}/20260101/${region}/dynamodb/aws4_request`;
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDBStreams_20120810.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${operation}: ${await answer.text()}`);
  return answer.json();
}
