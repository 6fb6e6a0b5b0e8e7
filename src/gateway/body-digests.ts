import { algorithmOfHeader, checksumOf } from "#base/checksums.ts";
import { WireProblem } from "#wire/protocol.ts";
import type { OperationModel } from "#wire/shapes.ts";
import type { HttpRequest } from "./front/http.ts";

/** Compares a whole body with the digests that its headers give, as S3's protocol has them. Words as recorded. */
export function checkDigests(
  operation: OperationModel,
  headers: HttpRequest["headers"],
  body: Buffer,
): void {
  const md5 = headers["content-md5"];
  if (md5 !== undefined) {
    if (Buffer.from(md5, "base64").length !== 16) {
      throw new WireProblem("InvalidDigest", "The Content-MD5 you specified was invalid.");
    }
    if (checksumOf("MD5", body) !== md5) {
      throw new WireProblem(
        "BadDigest",
        "The Content-MD5 you specified did not match what we received.",
      );
    }
  }
  // Where an operation knows no algorithm for its body, a checksum is of something else: of the object completed.
  if (operation.input?.byName.has("ChecksumAlgorithm") !== true) return;
  for (const [name, value] of Object.entries(headers)) {
    const algorithm = name.startsWith("x-amz-checksum-") ? algorithmOfHeader(name) : undefined;
    if (algorithm === undefined || checksumOf(algorithm, body) === value) continue;
    throw new WireProblem(
      "BadDigest",
      `The ${algorithm} you specified did not match the calculated checksum.`,
    );
  }
}
