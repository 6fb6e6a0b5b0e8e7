/**
 * Whether a general purpose bucket may have this name.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function isBucketName(name: string): boolean {
  if (name.length < 3 || name.length > 63) return false;
  if (!/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/.test(name) || name.includes("..")) return false;
  if (/^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)) return false;
  return !forbiddenStarts.test(name) && !forbiddenEnds.test(name);
}

const forbiddenStarts = /^(xn--|sthree-|amzn-s3-demo-)/;
const forbiddenEnds = /(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;
