import type { Context } from "#kernel/context.ts";

const arnPattern =
  /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):(\d{12}):table\/([a-zA-Z0-9_.-]+)\/(export|import|bulk-operation)\/([0-9]{14}-[0-9a-f]{8})$/;

const words = { export: "Export", import: "Import", "bulk-operation": "Bulk Operation" };

/** What the ARN of an export, an import or a bulk operation says. Source: ack-api-quirks, DDB-EXPORT-006 and DDB-IMPORT-010. */
export function jobArn(
  ctx: Context,
  arn: string,
  kind: keyof typeof words,
): { readonly region: string; readonly id: string } {
  const [, region, account, , foundKind, id] = arnPattern.exec(arn) ?? [];
  if (region === undefined || id === undefined || foundKind !== kind) {
    throw ctx.error("ValidationException", `Invalid ${words[kind]} ARN`);
  }
  if (account !== ctx.account) throw ctx.error("AccessDeniedException", "Access is denied");
  return { region, id };
}

type JobList = "export" | "import" | "bulk operation";

/** Of imports: sixteens of hexadecimal digits, seven at least, says the model. */
const tokenBytes = 8;
const tokenBytesAtLeast = 56;

/** Where the next page of a list goes on, for `openJobPage`. */
export function jobPageToken(list: JobList, id: string): string {
  const text = JSON.stringify([list, id]).padEnd(tokenBytesAtLeast);
  const length = Math.ceil(text.length / tokenBytes) * tokenBytes;
  return Buffer.from(text.padEnd(length)).toString("hex");
}

/** The id after which a page goes on; undefined: from the beginning. */
export function openJobPage(
  ctx: Context,
  token: string | undefined,
  list: JobList,
): string | undefined {
  if (token === undefined) return undefined;
  try {
    const read = JSON.parse(Buffer.from(token, "hex").toString("utf8")) as unknown;
    if (Array.isArray(read) && read[0] === list && typeof read[1] === "string") return read[1];
  } catch {
    // Not one of ours: refused below.
  }
  throw ctx.error(
    "ValidationException",
    `Invalid Request: Provided nextToken is invalid: ${token}`,
  );
}
