import type { Key } from "#base/key.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { Random } from "#world/world.ts";
import type { Blobs } from "./blobs/blobs.ts";
import type { RoleToAssume } from "./assumed-roles.ts";
import type { CommonErrorCode, ServiceError } from "./errors.ts";
import type { Principal } from "./identity.ts";
import type { ContributorRule, KeyNaming, TenantContributions } from "./contributors.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import type { Datapoint } from "./datapoint.ts";
import type { KernelSettings, SharedKind } from "./kernel.ts";
import type { KnownSeries } from "./measurement-store.ts";
import type { PutPoints, Series, SeriesName, TimeRange, UnitPoints } from "./measurements.ts";
import type { RegionLinks } from "./region-links.ts";
import type { Address, PortRequest } from "./listeners.ts";
import type { ServiceClients } from "./service.ts";
import type { Uses } from "./uses.ts";
import type { Vault } from "./vault.ts";

/**
 * What a handler is handed: who asks, when, and everything it may touch. `Code` is the union of error
 * codes that the operation declares in the model.
 */
export interface Context<Code extends string = never> extends Tenant {
  /** The service that this context belongs to, by its model's name: "dynamodb". */
  readonly service: string;
  /** What was asked for, as the model names it: "PutItem". Of a job, the job's name. */
  readonly operation: string;
  readonly caller: Principal;
  /** Whether policies have allowed the call: see authorization/authorize.ts. */
  readonly isAuthorized: boolean;
  /** Of an operation that is decided on part by part: what is refused, by the need's position. */
  readonly refusals: ReadonlyMap<number, ServiceError> | undefined;
  readonly requestId: string;
  readonly random: Random;
  /** Large bodies, beside the store. */
  readonly blobs: Blobs;
  /** What seals secrets before they are stored. */
  readonly vault: Vault;
  /** The public keys of those who issue tokens. */
  readonly issuerKeys: IssuerKeys;
  /** When users, roles and keys were last used. */
  readonly uses: Uses;
  /** The other services' public operations, called as this service's principal. */
  readonly services: ServiceClients;
  /** The same, called as a role that users gave this service; see assumed-roles.ts. Rejects if it may not have it. */
  servicesAs(role: RoleToAssume): Promise<ServiceClients>;

  /** Milliseconds since 1970 in UTC, on the clock that users can move. */
  now(): number;
  /** The same on the machine's own clock, which nobody moves: what others signed goes by it. */
  machineNow(): number;
  /** Runs the body and commits what it wrote; resolves when that is durable. See store.ts for the rules of a body. */
  transact<T>(body: (tx: Transaction) => T): Promise<T>;
  read<T>(body: (snapshot: Snapshot) => T): Promise<T>;
  /** An error for the caller: `throw ctx.error("ResourceNotFoundException", "...")`. */
  error(
    code: Code | CommonErrorCode,
    message: string,
    members?: Readonly<Record<string, unknown>>,
  ): ServiceError;
  /** A key of this service in this account and region; only keyspace.ts files call it. */
  key(kind: string, ...parts: readonly KeyPart[]): Key;
  /**
   * A key of this service in another place than the request's: that of a resource which any account may name (a
   * bucket's), or in `nowhere` for what is unique over all of them; only keyspace.ts files call it.
   */
  keyIn(place: Tenant, kind: string, ...parts: readonly KeyPart[]): Key;
  /** The resource's ARN in this account and region: `arn("table/Music")`. */
  arn(resource: string): string;
  /** Puts off work until `at`: a durable job, committed with the transaction. */
  schedule(tx: Transaction, request: JobRequest): void;
  /** Forgets a job that was scheduled; no failure if there is none. */
  unschedule(tx: Transaction, job: string, key: string): void;
  /** Asks for a TCP port of this service's own, committed with the transaction; see listeners.ts. */
  openPort(tx: Transaction, request: PortRequest): void;
  closePort(tx: Transaction, listener: string, key: string): void;
  /** Where a port listens that a committed transaction asked for; rejects if it can't be opened now. */
  listening(listener: string, key: string): Promise<Address>;
  /** The same caller's context in another region of the account: what it reads and writes is that region's. */
  inRegion(region: string): Context<Code>;
  /** The same caller's context in another account, for what that account's policies let it do. */
  inAccount(account: string): Context<Code>;
  /**
   * For operations that prove by their input who asks (`access.isProof`): the context to go on in, if policies let this
   * caller do what the operation needs with this input. Throws their denial.
   */
  authorizedAs(caller: Principal, input: unknown): Promise<Context<Code>>;
  /** How the regions are connected. */
  readonly links: RegionLinks;
  /** Where the peer that serves this region is; undefined if this process serves it. */
  peerOf(region: string): string | undefined;
  /**
   * Has this service do something in another region of the account, wherever that is served: `call` is a name under
   * its `regionCalls`. Rejects with `RegionUnreachable`; see region-calls.ts.
   */
  callRegion(region: string, call: string, payload: unknown): Promise<unknown>;
  /** A metric of this account and region, to count in: `series("AWS/DynamoDB", "UserErrors", {})`. */
  series(namespace: string, metric: string, dimensions: Readonly<Record<string, string>>): Series;
  /** What a metric of this account and region came to, in order; points of minutes, older ones of longer periods. */
  measured(
    namespace: string,
    metric: string,
    dimensions: Readonly<Record<string, string>>,
    range: TimeRange,
  ): Promise<Datapoint[]>;
  /** The same, for metrics whose points users put: each unit's points by themselves. */
  measuredUnits(
    namespace: string,
    metric: string,
    dimensions: Readonly<Record<string, string>>,
    range: TimeRange,
  ): Promise<UnitPoints[]>;
  /** Stores points that come from outside, of metrics of this account and region. */
  putMeasured(tx: Transaction, series: readonly PutPoints[]): void;
  /** The metrics of this account and region that have points. */
  measuredSeries(namespace?: string, metric?: string): Promise<SeriesName[]>;
  /** The same, with when each last got a point (within a day). */
  knownSeries(namespace?: string, metric?: string): Promise<KnownSeries[]>;
  /** Where to count who contributes most to something, under a name that is a rule of CloudWatch's. */
  contributorRule(name: string, naming: KeyNaming): ContributorRule;
  /** What was counted so, of all rules of this account and region. */
  readonly contributions: TenantContributions;
  readonly settings: KernelSettings;
  /** State in memory that all calls share; gone with the process. */
  shared<T>(kind: SharedKind<T>): T;
  /** What the handler leaves for its service's `observe`. */
  note: unknown;
  /** A durable event for whichever services subscribe to it, committed with the transaction. */
  publish(tx: Transaction, event: string, payload: unknown): void;
}

/** Whose state it is. Account and region come from the request and are part of each key. */
export interface Tenant {
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
}

/** The place of what belongs to no account and region: names that are unique over all of them. */
export const nowhere: Tenant = { account: "", region: "" };

export type KeyPart = string | number;

export interface JobRequest {
  /** Milliseconds since 1970: not before. */
  readonly at: number;
  /** The name under the service's `jobs`. */
  readonly job: string;
  /** One job at most stands under a key: scheduling again replaces it. */
  readonly key: string;
  /** Anything that JSON can hold. */
  readonly payload?: unknown;
}

/** What a job is handed. It runs at least once: what it does under its key must bear repeating. */
export interface JobContext extends Context<string> {
  /** 1 for the first try. */
  readonly attempt: number;
  /**
   * Marks the job as done in the transaction that stores its result. A job that never calls this is
   * completed after its handler returned. Throws `JobSuperseded` if the job is no longer this run's.
   */
  complete(tx: Transaction): void;
}
