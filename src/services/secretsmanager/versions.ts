import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { valueKey } from "./keyspace.ts";
import { current, previous, type SecretRecord, type VersionRecord } from "./secret-record.ts";

/** Source: Secrets Manager User Guide, reference_limits, "Versions per secret" and "Labels attached". */
const versionsAtMost = 100;
const labelsAtMost = 20;

/**
 * Attaches a stage to a version; no other keeps it. Who loses AWSCURRENT becomes AWSPREVIOUS. Source: User Guide,
 * getting-started, "Version".
 */
export function withStage(secret: SecretRecord, versionId: string, stage: string): SecretRecord {
  const loser = secret.versions.find(
    ({ id, stages }) => id !== versionId && stages.includes(stage),
  );
  const moved = secret.versions.map((version) => {
    const others = version.stages.filter((one) => one !== stage);
    const stages = version.id === versionId ? [...others, stage].toSorted() : others;
    return { ...version, stages };
  });
  const after = { ...secret, versions: moved };
  return stage === current && loser !== undefined ? withStage(after, loser.id, previous) : after;
}

export function withoutStage(secret: SecretRecord, versionId: string, stage: string): SecretRecord {
  const versions = secret.versions.map((version) =>
    version.id === versionId
      ? { ...version, stages: version.stages.filter((one) => one !== stage) }
      : version,
  );
  return { ...secret, versions };
}

/** A new version with these stages; of those without any, the oldest go. */
export function withVersion(
  tx: Transaction,
  ctx: Context<"LimitExceededException">,
  secret: SecretRecord,
  made: Pick<VersionRecord, "id" | "kmsKeyId">,
  stages: readonly string[],
): SecretRecord {
  const version = { ...made, stages: [], createdAtMs: ctx.now(), accessedAtMs: undefined };
  let after: SecretRecord = { ...secret, versions: [...secret.versions, version] };
  for (const stage of stages) after = withStage(after, made.id, stage);
  checkLabels(ctx, after);
  while (after.versions.length > versionsAtMost) {
    const oldest = after.versions.find((one) => one.stages.length === 0);
    if (oldest === undefined) {
      throw ctx.error("LimitExceededException", `A secret can have ${versionsAtMost} versions`);
    }
    tx.delete(valueKey(ctx, secret.id, oldest.id));
    after = { ...after, versions: after.versions.filter((one) => one !== oldest) };
  }
  return after;
}

export function checkLabels(ctx: Context<"LimitExceededException">, secret: SecretRecord): void {
  const labels = secret.versions.flatMap(({ stages }) => stages);
  if (labels.length <= labelsAtMost) return;
  throw ctx.error("LimitExceededException", `A secret can have ${labelsAtMost} staging labels`);
}
