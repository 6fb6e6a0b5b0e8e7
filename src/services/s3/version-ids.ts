/**
 * A version's id: 32 characters that tell nobody anything and lead straight to the version. They are its number,
 * masked by the random bytes behind it, so that ids of neighbouring versions have nothing in common.
 */
const randomBytes = 16;

/** `random`: sixteen bytes, drawn anew for each version. */
export function versionIdOf(number: number, random: Buffer): string {
  const bytes = Buffer.alloc(8 + randomBytes);
  bytes.writeBigUInt64BE(BigInt(number) ^ random.readBigUInt64BE(0));
  random.copy(bytes, 8);
  return bytes.toString("base64url");
}

/** Undefined for what was never an id. */
export function numberOfVersionId(versionId: string): number | undefined {
  if (!/^[A-Za-z0-9_-]{32}$/.test(versionId)) return undefined;
  const bytes = Buffer.from(versionId, "base64url");
  const number = bytes.readBigUInt64BE(0) ^ bytes.readBigUInt64BE(8);
  return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : undefined;
}
