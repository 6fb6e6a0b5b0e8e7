import { endOfPrefix } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import { latestOf, noUses, type EntityUses, type Use } from "#kernel/uses.ts";
import type { EntityDetails, IAM, ServiceLastAccessed } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { arnOf, parseArn } from "../arns.ts";
import { awsManagedPolicy } from "../aws-managed/policies.ts";
import { findEntity, openEntity, type AnyContext } from "../entities.ts";
import { accessReportKey, membersPrefix, usesPrefix, type EntityKind } from "../keyspace.ts";
import { documentOf, openPolicy } from "../managed-policies.ts";
import { pageOfList } from "../pages.ts";
import {
  accessReportCodec,
  type AccessReportRecord,
  type Entity,
  type ReportedEntity,
  type ReportedService,
} from "../records.ts";
import { policiesOf } from "../entity-policies.ts";
import { grants, namespacesIn } from "./granted-services.ts";
import { namespaceOf, serviceNameOf } from "./service-names.ts";

/**
 * Access advisor: which services policies let somebody use, and when that was last done. Source: IAM User Guide,
 * access_policies_last-accessed. AWS takes a while for a report; here it is there as soon as it was asked for.
 */

const reportKeptMs = 7 * 86_400_000;

export const accessAdvisor = {
  async GenerateServiceLastAccessedDetails(ctx, input) {
    const uses = await ctx.uses.all(ctx.account);
    const id = ctx.random.uuid();
    await ctx.transact((tx) => {
      const nowMs = ctx.now();
      const report: AccessReportRecord = {
        granularity: input.Granularity ?? "SERVICE_LEVEL",
        createdAtMs: nowMs,
        services: servicesOf(tx, ctx, input.Arn, uses),
      };
      tx.putRecord(accessReportKey(ctx.account, id), accessReportCodec, report);
      const at = nowMs + reportKeptMs;
      ctx.schedule(tx, { at, job: "forgetAccessReport", key: id, payload: { id } });
    });
    return { JobId: id };
  },

  GetServiceLastAccessedDetails(ctx, input) {
    return ctx.read((snapshot) => {
      const report = openReport(snapshot, ctx, input.JobId);
      const withActions = report.granularity === "ACTION_LEVEL";
      const { items, page } = pageOfList(ctx, report.services, input);
      return {
        ...page,
        JobStatus: "COMPLETED",
        JobType: report.granularity,
        JobCreationDate: report.createdAtMs,
        JobCompletionDate: report.createdAtMs,
        ServicesLastAccessed: items.map((service) => serviceDetail(service, withActions)),
      };
    });
  },

  /** Who could have used one service, and when each did. */
  GetServiceLastAccessedDetailsWithEntities(ctx, input) {
    return ctx.read((snapshot) => {
      const report = openReport(snapshot, ctx, input.JobId);
      const wanted = input.ServiceNamespace;
      const service = report.services.find(({ namespace }) => namespace === wanted);
      const { items, page } = pageOfList(ctx, service?.entities ?? [], input);
      return {
        ...page,
        JobStatus: "COMPLETED",
        JobCreationDate: report.createdAtMs,
        JobCompletionDate: report.createdAtMs,
        EntityDetailsList: items.map(entityDetail),
      };
    });
  },

  ListPoliciesGrantingServiceAccess(ctx, input) {
    return ctx.read((snapshot) => {
      const { kind, entity } = openNamed(snapshot, ctx, input.Arn);
      const policies = policiesOf(snapshot, ctx, kind, entity);
      const found = input.ServiceNamespaces.map((namespace) => ({
        ServiceNamespace: namespace,
        Policies: policies
          .filter(({ document }) => grants(document, namespace))
          .map(({ name, arn, owner }) => ({
            PolicyName: name,
            PolicyType: arn === undefined ? ("INLINE" as const) : ("MANAGED" as const),
            PolicyArn: arn,
            EntityType: owner && entityTypes[owner.kind],
            EntityName: owner?.name,
          })),
      }));
      const { items, page } = pageOfList(ctx, found, { Marker: input.Marker });
      return { ...page, PoliciesGrantingServiceAccess: items };
    });
  },
} satisfies Handlers<IAM>;

export async function forgetAccessReport(ctx: JobContext, { id }: { id: string }): Promise<void> {
  await ctx.transact((tx) => {
    tx.delete(accessReportKey(ctx.account, id));
    ctx.complete(tx);
  });
}

const entityTypes = { user: "USER", group: "GROUP", role: "ROLE" } as const;

function openReport(snapshot: Snapshot, ctx: AnyContext, id: string): AccessReportRecord {
  const found = snapshot.record(accessReportKey(ctx.account, id), accessReportCodec);
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `The job with id ${id} cannot be found.`);
}

interface Named {
  readonly kind: EntityKind;
  readonly entity: Entity;
}

function openNamed(snapshot: Snapshot, ctx: AnyContext, arn: string): Named {
  const parsed = parseArn(arn);
  const kind = parsed?.kind;
  if (parsed?.account === ctx.account && (kind === "user" || kind === "group" || kind === "role")) {
    return { kind, entity: openEntity(snapshot, ctx, kind, parsed.name) };
  }
  throw ctx.error("InvalidInput", `Invalid Entity Arn: ${arn}`);
}

/** The services that the user, group, role or policy lets use, in the order of their names. */
function servicesOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  arn: string,
  uses: ReadonlyMap<string, EntityUses>,
): ReportedService[] {
  const { namespaces, entities } =
    parseArn(arn)?.kind === "policy"
      ? ofPolicy(snapshot, ctx, arn)
      : ofEntity(snapshot, ctx, openNamed(snapshot, ctx, arn));
  return [...namespaces]
    .map((namespace) => ({
      namespace,
      entities: entities.map(({ kind, entity }) =>
        reported(ctx, kind, entity, namespace, uses.get(entity.id) ?? noUses),
      ),
    }))
    .sort((one, other) => (serviceNameOf(one.namespace) < serviceNameOf(other.namespace) ? -1 : 1));
}

interface Reach {
  readonly namespaces: ReadonlySet<string>;
  /** Users and roles: groups are never who uses something. */
  readonly entities: readonly Named[];
}

function ofEntity(snapshot: Snapshot, ctx: AnyContext, { kind, entity }: Named): Reach {
  const namespaces = new Set(
    policiesOf(snapshot, ctx, kind, entity).flatMap(({ document }) => [...namespacesIn(document)]),
  );
  const entities = kind === "group" ? membersOf(snapshot, ctx, entity) : [{ kind, entity }];
  return { namespaces, entities };
}

function ofPolicy(snapshot: Snapshot, ctx: AnyContext, arn: string): Reach {
  if (awsManagedPolicy(arn) === undefined) openPolicy(snapshot, ctx, arn);
  const document = documentOf(snapshot, ctx.account, arn)!;
  const found = (["user", "role", "group"] as const).flatMap((kind) => {
    const start = usesPrefix(ctx.account, "attached", arn, kind);
    return [...snapshot.range({ start, end: endOfPrefix(start) })].flatMap(({ value }) => {
      const entity = findEntity(snapshot, ctx.account, kind, value.toString("utf8"));
      if (entity === undefined) return [];
      return kind === "group" ? membersOf(snapshot, ctx, entity) : [{ kind, entity }];
    });
  });
  const byId = new Map(found.map((one) => [one.entity.id, one]));
  return { namespaces: namespacesIn(document), entities: [...byId.values()] };
}

function membersOf(snapshot: Snapshot, ctx: AnyContext, { name }: Entity): Named[] {
  const start = membersPrefix(ctx.account, name);
  return [...snapshot.range({ start, end: endOfPrefix(start) })].flatMap(({ value }) => {
    const entity = findEntity(snapshot, ctx.account, "user", value.toString("utf8"));
    return entity === undefined ? [] : [{ kind: "user" as const, entity }];
  });
}

function reported(
  { account }: AnyContext,
  kind: EntityKind,
  entity: Entity,
  namespace: string,
  { operations }: EntityUses,
): ReportedEntity {
  const actions: Record<string, Use> = {};
  for (const [service, uses] of Object.entries(operations)) {
    if (namespaceOf(service) === namespace) Object.assign(actions, uses);
  }
  const arn = arnOf(account, kind, entity);
  return { kind, arn, name: entity.name, id: entity.id, path: entity.path, actions };
}

interface ArnUse extends Use {
  readonly arn: string;
}

function serviceDetail(service: ReportedService, withActions: boolean): ServiceLastAccessed {
  const { namespace, entities } = service;
  const perEntity = entities.flatMap(({ arn, actions }) => {
    const latest = latestOf(Object.values(actions));
    return latest === undefined ? [] : [{ ...latest, arn }];
  });
  const latest = latestOf<ArnUse>(perEntity);
  return {
    ServiceName: serviceNameOf(namespace),
    ServiceNamespace: namespace,
    LastAuthenticated: latest?.atMs,
    LastAuthenticatedEntity: latest?.arn,
    LastAuthenticatedRegion: latest?.region,
    TotalAuthenticatedEntities: perEntity.length,
    TrackedActionsLastAccessed: withActions ? actionDetails(entities) : undefined,
  };
}

function actionDetails(entities: readonly ReportedEntity[]) {
  const byAction = new Map<string, ArnUse>();
  for (const { arn, actions } of entities) {
    for (const [action, use] of Object.entries(actions)) {
      const before = byAction.get(action);
      if (before === undefined || before.atMs < use.atMs) byAction.set(action, { ...use, arn });
    }
  }
  return [...byAction]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([action, { arn, atMs, region }]) => ({
      ActionName: action,
      LastAccessedEntity: arn,
      LastAccessedTime: atMs,
      LastAccessedRegion: region,
    }));
}

function entityDetail({ kind, arn, name, id, path, actions }: ReportedEntity): EntityDetails {
  return {
    EntityInfo: { Arn: arn, Name: name, Type: entityTypes[kind], Id: id, Path: path },
    LastAuthenticated: latestOf(Object.values(actions))?.atMs,
  };
}
