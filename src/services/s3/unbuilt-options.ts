import type { PutObjectRequest } from "#models/s3.ts";
import { checkEncryption } from "./encryption/object-encryption.ts";
import { notBuilt } from "./errors.ts";

type Options = Partial<
  Pick<
    PutObjectRequest,
    | "ServerSideEncryption"
    | "SSECustomerAlgorithm"
    | "SSECustomerKey"
    | "SSEKMSKeyId"
    | "WriteOffsetBytes"
  >
>;

/** What every way to make or read an object takes, and is not built: refused, for ignoring it would be a lie. */
export function refuseUnbuiltOptions(input: Options): void {
  checkEncryption(input);
  if (input.WriteOffsetBytes !== undefined) throw notBuilt("Appending");
}
