import { compilePolicy, type CompiledPolicy } from "#kernel/authorization/compile-policy.ts";
import { evaluate } from "#kernel/authorization/evaluate.ts";
import { PolicyProblem, type Statement } from "#kernel/authorization/policy-document.ts";
import { emptyContext } from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";

/** A policy that is attached to a table or a stream. */
export interface AttachedPolicy {
  readonly text: string;
  /** Compared as text. The same document keeps it. */
  readonly revisionId: string;
}

/** What a policy is attached to: "table/Music", "table/Music/stream/2026-...". */
export interface PolicyHolder {
  readonly arn: string;
  readonly isStream: boolean;
}

const policyBytesAtMost = 20_480;
const invalid = "One or more parameter values were invalid: ";

/*
 * Messages are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-212, 213 and 442), where those
 * have one.
 */

/** Refuses a document that AWS would refuse to attach. */
export function checkPolicy(
  ctx: Context,
  holder: PolicyHolder,
  text: string,
  mayLockOut: boolean,
): void {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (Buffer.byteLength(text) > policyBytesAtMost) {
    throw refuse(`${invalid}Maximum policy size of ${policyBytesAtMost} bytes exceeded`);
  }
  const policy = compiled(ctx, text);
  const names = policy.statements.flatMap(({ source }) => unknownActions(source, holder));
  if (names.length > 0) {
    const list = names.map((name) => `"${name}"`).join(", ");
    throw refuse(
      `${invalid}Invalid policy document: The following action names are invalid: ${list}`,
    );
  }
  for (const { source } of policy.statements) checkResources(ctx, source, holder);
  if (policy.statements.some(grantsToEveryone)) {
    throw refuse(
      "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure least-privilege form of access",
    );
  }
  if (!mayLockOut && locksOut(ctx, holder, policy)) {
    // No recording tells AWS's words for this one.
    throw refuse(
      `${invalid}The policy would deny you to change the policy of this resource in the future. To confirm that, set ConfirmRemoveSelfResourceAccess`,
    );
  }
}

function compiled(ctx: Context, text: string): CompiledPolicy {
  try {
    return compilePolicy(text, "resource", "resource policy");
  } catch (problem) {
    if (!(problem instanceof PolicyProblem)) throw problem;
    if (problem.fault === "principals") {
      throw ctx.error("ValidationException", "Invalid principal in policy document.");
    }
    const detail = {
      json: "This policy contains invalid Json",
      statements: "Could not parse the policy: Statement is empty!",
      resources: "Missing required field Resource",
      sids: "The Statement Ids in the policy are not unique",
      other: problem.message,
    }[problem.fault];
    throw ctx.error("ValidationException", `${invalid}Invalid policy document: ${detail}`);
  }
}

/** Source: Developer Guide, rbac-iam-actions: what resource-based policies support. */
const streamActions = "DescribeStream GetRecords GetShardIterator";
const tableActions = `
  BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query Scan SearchVectors UpdateItem
  PartiQLDelete PartiQLInsert PartiQLSelect PartiQLUpdate
  DeleteTable DescribeTable UpdateTable ListTagsOfResource TagResource UntagResource
  CreateBackup DescribeContinuousBackups UpdateContinuousBackups RestoreTableToPointInTime ExportTableToPointInTime
  DescribeContributorInsights UpdateContributorInsights DescribeTimeToLive UpdateTimeToLive
  DescribeTableReplicaAutoScaling UpdateTableReplicaAutoScaling CreateTableReplica DeleteTableReplica
  ReadDataForReplication WriteDataForReplication ReplicateSettings AssociateTableReplica
  StartAwsBackupJob RestoreTableFromAwsBackup
  EnableKinesisStreamingDestination DisableKinesisStreamingDestination UpdateKinesisStreamingDestination
  DescribeKinesisStreamingDestination`;
const policyActions = ["PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"];
const lowered = (names: string): ReadonlySet<string> =>
  new Set(
    [...names.trim().split(/\s+/), ...policyActions].map((name) =>
      `dynamodb:${name}`.toLowerCase(),
    ),
  );
const onTables = lowered(tableActions);
const onStreams = lowered(streamActions);

function unknownActions({ actions }: Statement, { isStream }: PolicyHolder): string[] {
  const known = isStream ? onStreams : onTables;
  return actions.values.filter((name) => {
    const action = name.toLowerCase();
    return /[*?]/.test(action)
      ? action !== "*" && !action.startsWith("dynamodb:")
      : !known.has(action);
  });
}

/** A policy speaks of what it is attached to, a table's also of its indexes. */
function checkResources(ctx: Context, { resources }: Statement, holder: PolicyHolder): void {
  const own = `arn:aws:dynamodb:${ctx.region}:${ctx.account}:`;
  for (const resource of resources?.values ?? []) {
    if (resource === "*" || /[*?]/.test(resource.split(":").slice(0, 5).join(":"))) continue;
    const isOwn =
      resource.startsWith(holder.arn) ||
      (resource.startsWith(own) && /[*?]/.test(resource.slice(own.length)));
    if (isOwn) continue;
    const relativeId = resource.split(":").slice(5).join(":");
    throw ctx.error(
      "ValidationException",
      `${invalid}Invalid policy document: The relative-id "${relativeId}" is invalid for ARN "${resource}"`,
    );
  }
}

/** Keys that bound who can be meant. Source: Developer Guide, rbac-bpa-rbp. */
const boundingKeys: ReadonlySet<string> = new Set(
  `
  PrincipalAccount PrincipalArn PrincipalOrgID PrincipalOrgPaths UserId
  PrincipalIsAWSService PrincipalServiceName PrincipalServiceNamesList
  SourceAccount SourceArn SourceOrgID SourceOrgPaths SourceVpc SourceVpce
  Ec2InstanceSourceVpc Ec2InstanceSourcePrivateIPv4`
    .trim()
    .split(/\s+/)
    .map((name) => `aws:${name}`.toLowerCase()),
);

function grantsToEveryone({ source }: CompiledPolicy["statements"][number]): boolean {
  const { effect, principals, conditions } = source;
  if (effect === "Deny" || principals?.byType.get("AWS")?.includes("*") !== true) return false;
  // A negated operator, one that an absent key fulfils, or a value for all bounds nothing.
  return !conditions.some(
    ({ operator, key, values }) =>
      boundingKeys.has(key.toLowerCase()) &&
      !/Not|IfExists$|^ForAllValues|^Null$/.test(operator) &&
      values.every((value) => !/^\**$/.test(value)),
  );
}

function locksOut(ctx: Context, { arn }: PolicyHolder, policy: CompiledPolicy): boolean {
  return policyActions.some((name) => {
    const { decision } = evaluate({
      principal: ctx.caller,
      action: `dynamodb:${name}`,
      resource: arn,
      resourceAccount: ctx.account,
      context: emptyContext,
      policies: { identity: [], resource: policy },
    });
    return decision === "explicitDeny";
  });
}

/** The revision of a document that is attached now: the same document keeps the one that it has. */
export function attached(
  ctx: Context,
  before: AttachedPolicy | undefined,
  text: string,
): AttachedPolicy {
  if (before?.text === text) return before;
  const nowMs = ctx.now();
  const latest = before === undefined ? 0 : Number(before.revisionId);
  return { text, revisionId: String(Math.max(nowMs, latest + 1)) };
}
