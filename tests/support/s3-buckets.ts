/** A header that names account, region and service as a signature does; with `--auth open` that is enough. */
export function scopeOfS3(account: string, region = "us-east-1"): Record<string, string> {
  const scope = `${account}/20260101/${region}/s3/aws4_request`;
  const signature = "0".repeat(64);
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${signature}`,
  };
}

let count = 0;

/** A name that no other test of this process uses: names are unique over all accounts. */
export const newBucket = (): string => `bucket-${(count += 1)}`;
