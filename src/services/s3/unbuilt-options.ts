import type { PutObjectRequest } from "#models/s3.ts";
import { checkEncryption } from "./encryption.ts";
import { notBuilt } from "./errors.ts";

type Options = Partial<
  Pick<
    PutObjectRequest,
    | "ACL"
    | "GrantFullControl"
    | "GrantRead"
    | "GrantReadACP"
    | "GrantWriteACP"
    | "ServerSideEncryption"
    | "SSECustomerAlgorithm"
    | "SSECustomerKey"
    | "SSEKMSKeyId"
    | "WriteOffsetBytes"
  >
>;

/** What every way to make or read an object takes, and is not built: refused, for ignoring it would be a lie. */
export function refuseUnbuiltOptions(input: Options): void {
  const { ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP } = input;
  // These two say what is so without any access control lists.
  if (ACL !== undefined && ACL !== "private" && ACL !== "bucket-owner-full-control") {
    throw notBuilt(`The ACL ${ACL}`);
  }
  if (GrantFullControl ?? GrantRead ?? GrantReadACP ?? GrantWriteACP) throw notBuilt("A grant");
  checkEncryption(input);
  if (input.WriteOffsetBytes !== undefined) throw notBuilt("Appending");
}
