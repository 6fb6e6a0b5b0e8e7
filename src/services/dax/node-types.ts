/*
 * Memory of each node type in GiB.
 * Source: https://aws.amazon.com/dynamodb/pricing/ (DAX) and EC2's types of the same names.
 */
const memoryGiB: Readonly<Record<string, number>> = {
  "dax.t2.small": 2,
  "dax.t2.medium": 4,
  "dax.t3.small": 2,
  "dax.t3.medium": 4,
  "dax.r3.large": 15.25,
  "dax.r3.xlarge": 30.5,
  "dax.r3.2xlarge": 61,
  "dax.r3.4xlarge": 122,
  "dax.r3.8xlarge": 244,
  "dax.r4.large": 15.25,
  "dax.r4.xlarge": 30.5,
  "dax.r4.2xlarge": 61,
  "dax.r4.4xlarge": 122,
  "dax.r4.8xlarge": 244,
  "dax.r4.16xlarge": 488,
  "dax.r5.large": 16,
  "dax.r5.xlarge": 32,
  "dax.r5.2xlarge": 64,
  "dax.r5.4xlarge": 128,
  "dax.r5.8xlarge": 256,
  "dax.r5.12xlarge": 384,
  "dax.r5.16xlarge": 512,
  "dax.r5.24xlarge": 768,
  "dax.r7i.large": 16,
  "dax.r7i.xlarge": 32,
  "dax.r7i.2xlarge": 64,
  "dax.r7i.4xlarge": 128,
  "dax.r7i.8xlarge": 256,
  "dax.r7i.12xlarge": 384,
  "dax.r7i.16xlarge": 512,
  "dax.r7i.24xlarge": 768,
};

const gibibyte = 2 ** 30;
/** All nodes of all clusters are in one process here, so each has a part of what its type has at AWS ... */
const share = 1 / 32;
/** ... and never more than this. */
const largestCacheBytes = gibibyte;

/** What a node of this type may cache; undefined if there is no such type. */
export function cacheBytesOf(nodeType: string): number | undefined {
  const gibibytes = Object.hasOwn(memoryGiB, nodeType) ? memoryGiB[nodeType] : undefined;
  if (gibibytes === undefined) return undefined;
  return Math.min(largestCacheBytes, Math.floor(gibibytes * gibibyte * share));
}
