import type { Context } from "#kernel/context.ts";
import { s3Error } from "../errors.ts";

const kinds = {
  BlockPublicAcls: "public access control lists (ACLs)",
  BlockPublicPolicy: "public policies",
} as const;

/** What is not given to the public. Source: S3 User Guide, troubleshoot-403-errors, "Block Public Access settings". */
export function publicRefusal(
  ctx: Context,
  operation: string,
  resource: string,
  setting: keyof typeof kinds,
): Error {
  const { arn, account } = ctx.caller;
  if (account !== ctx.account) return s3Error("AccessDenied");
  const message = `User: ${arn} is not authorized to perform: s3:${operation} on resource: "arn:aws:s3:::${resource}" because ${kinds[setting]} are blocked by the ${setting} block public access setting.`;
  return s3Error("AccessDenied", { message });
}
