import { dynamodbRequest, KeySlots } from "../load/request.ts";
import type { Target } from "../target.ts";

/** How many items the tables for reading hold. */
export const storedItems = 10_000;
/** Writes go to random keys among so many. */
export const writtenKeys = 1_000_000;

const fillLimitSeconds = 240;
const batch = 25;

// Not one letter a thousand times: a store that compresses should have something to do.
const kilobyte = Array.from({ length: 1000 }, (_, index) =>
  ((index * index * 31 + index * 7) % 36).toString(36),
).join("");

/** About: names and values, as DynamoDB counts. */
export const itemBytes = 1024;

/** An item of 1 KB by DynamoDB's rule: 4 attributes, of which one makes up the size. */
export function item(pk: string, sk: string) {
  return { pk: { S: pk }, sk: { S: sk }, data: { S: kilobyte }, n: { N: "42" } };
}

/** Stores `count` items, whose keys `key` makes from a number of eight digits that goes from 0 up. */
export async function storeItems(
  target: Target,
  table: string,
  count: number,
  key: (number: string) => readonly [pk: string, sk: string],
  limitSeconds = fillLimitSeconds,
): Promise<number> {
  const slots = new KeySlots();
  const requests = Array.from({ length: batch }, (_, index) => ({
    PutRequest: { Item: item(...key(slots.next(batch, index))) },
  }));
  const template = dynamodbRequest(
    "BatchWriteItem",
    { RequestItems: { [table]: requests } },
    slots,
  );
  const filled = await target.fill(
    template,
    Math.ceil(count / batch),
    /"UnprocessedItems": ?\{\}/,
    limitSeconds,
  );
  return filled.seconds;
}
