import { createHash } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import type { SSESpecification } from "#models/dynamodb.ts";
import type { TableRecord } from "./table-record.ts";

/*
 * Messages are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-027 to 044 and 442).
 */

const invalid = "One or more parameter values were invalid: ";

/** The KMS key that describes the table's encryption; absent with keys that AWS owns. */
export function encryptionOf(
  ctx: Context,
  given: SSESpecification | undefined,
): TableRecord["encryption"] {
  const { Enabled, SSEType, KMSMasterKeyId } = given ?? {};
  const refuse = (message: string): Error =>
    ctx.error("ValidationException", `${invalid}${message}`);
  if (Enabled === false && SSEType !== undefined) {
    throw refuse("SSEType can not be specified if Enabled is false");
  }
  if (Enabled === false && KMSMasterKeyId !== undefined) {
    throw refuse("KMSMasterKeyId can not be specified if Enabled is false");
  }
  if (SSEType === "AES256") throw refuse("SSEType AES256 is not supported");
  if (KMSMasterKeyId !== undefined && SSEType === undefined) {
    throw refuse("SSEType KMS is required if KMSMasterKeyId is specified");
  }
  if (Enabled !== true && SSEType === undefined) return undefined;
  const key = KMSMasterKeyId ?? "alias/aws/dynamodb";
  if (key.startsWith("arn:")) return { kmsKeyArn: key };
  const keyId = key.startsWith("alias/") ? keyIdOfAlias(ctx, key) : key;
  return { kmsKeyArn: `arn:aws:kms:${ctx.region}:${ctx.account}:key/${keyId}` };
}

/** Until there is a KMS here that knows which key stands behind an alias: always the same one. */
function keyIdOfAlias(ctx: Context, alias: string): string {
  const hash = createHash("sha256").update(`${ctx.account}/${ctx.region}/${alias}`).digest("hex");
  return [8, 4, 4, 4, 12]
    .map((length, part, lengths) => {
      const start = lengths.slice(0, part).reduce((sum, before) => sum + before, 0);
      return hash.slice(start, start + length);
    })
    .join("-");
}
