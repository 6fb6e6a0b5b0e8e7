import type { Context } from "#kernel/context.ts";

const backupArnPattern =
  /^arn:aws[a-z-]*:dynamodb:([a-z]{2}(?:-[a-z]+)+-\d):(\d{12}):table\/([a-zA-Z0-9_.-]+)\/backup\/([0-9]{14}-[0-9a-f]{8})$/;

/**
 * What a backup's ARN says. Source of the refusals: ack-api-quirks, DDB-BACKUP-012 (AWS looks at the account, not at the
 * region: who asks in the wrong one finds nothing there).
 */
export function readBackupArn(
  ctx: Context,
  arn: string,
): { readonly region: string; readonly tableName: string; readonly backupId: string } {
  const [, region, account, tableName, backupId] = backupArnPattern.exec(arn) ?? [];
  if (region === undefined || tableName === undefined || backupId === undefined) {
    const isOfOther = arn.startsWith("arn:") && arn.includes("/backup/");
    throw ctx.error(
      "ValidationException",
      isOfOther ? "BackupArn is not valid" : "Invalid Backup ARN",
    );
  }
  if (account !== ctx.account) throw ctx.error("AccessDeniedException", "Access is denied");
  return { region, tableName, backupId };
}
