import type { Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { Random } from "#world/world.ts";
import type { Blobs } from "./blobs/blobs.ts";
import type { RoleToAssume } from "./assumed-roles.ts";
import { serviceClients } from "./bus.ts";
import type { RequestContext } from "./authorization/request-context.ts";
import type { Context, JobRequest, KeyPart, Tenant } from "./context.ts";
import type { ContributorRule, KeyNaming, TenantContributions } from "./contributors.ts";
import type { Datapoint } from "./datapoint.ts";
import { ServiceError } from "./errors.ts";
import type { Principal } from "./identity.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { scheduleJob, unscheduleJob } from "./jobs.ts";
import {
  tenantPrefix,
  type CallOrigin,
  type Kernel,
  type KernelSettings,
  type SharedKind,
} from "./kernel.ts";
import type { KnownSeries } from "./measurement-store.ts";
import type { PutPoints, Series, SeriesName, TimeRange, UnitPoints } from "./measurements.ts";
import type { RegionLinks } from "./region-links.ts";
import { closePort, openPort, type Address, type PortRequest } from "./listeners.ts";
import type { ServiceClients } from "./service.ts";
import type { Uses } from "./uses.ts";
import type { Vault } from "./vault.ts";

/** The context of one call. A class, for there is one for each request: methods cost nothing to make. */
export class CallContext implements Context<string> {
  readonly service: string;
  readonly operation: string;
  readonly account: string;
  readonly region: string;
  readonly caller: Principal;
  readonly requestId: string;
  readonly isAuthorized: boolean;
  readonly requestKeys: RequestContext | undefined;
  refusals: ReadonlyMap<number, ServiceError> | undefined;
  note: unknown;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, origin: CallOrigin) {
    this.#kernel = kernel;
    this.service = origin.service;
    this.operation = origin.operation;
    this.account = origin.account;
    this.region = origin.region;
    this.caller = origin.caller;
    this.requestId = origin.requestId;
    this.isAuthorized = origin.isAuthorized === true;
    this.requestKeys = origin.requestKeys;
    this.refusals = undefined;
    this.note = undefined;
  }

  get random(): Random {
    return this.#kernel.world.random;
  }

  get blobs(): Blobs {
    return this.#kernel.blobs;
  }

  get vault(): Vault {
    return this.#kernel.vault;
  }

  get issuerKeys(): IssuerKeys {
    return this.#kernel.issuerKeys;
  }

  get uses(): Uses {
    return this.#kernel.uses;
  }

  get services(): ServiceClients {
    return serviceClients(this.#kernel, this);
  }

  servicesAs(role: RoleToAssume): Promise<ServiceClients> {
    return this.#kernel.assumedRoles.services(this, role);
  }

  get links(): RegionLinks {
    return this.#kernel.links;
  }

  now(): number {
    return this.#kernel.world.clock.nowMs();
  }

  machineNow(): number {
    return this.#kernel.world.clock.machineMs();
  }

  transact<T>(body: (tx: Transaction) => T): Promise<T> {
    return this.#kernel.store.transact(body);
  }

  read<T>(body: (snapshot: Snapshot) => T): Promise<T> {
    return this.#kernel.store.read(body);
  }

  error(code: string, message: string, members?: Readonly<Record<string, unknown>>): ServiceError {
    return new ServiceError(code, message, members);
  }

  key(kind: string, ...parts: readonly KeyPart[]): Key {
    const owner = this.#kernel.services.get(this.service)?.stateOf ?? this.service;
    return tenantPrefix(owner, this) + tuple(kind, ...parts);
  }

  keyIn(place: Tenant, kind: string, ...parts: readonly KeyPart[]): Key {
    const owner = this.#kernel.services.get(this.service)?.stateOf ?? this.service;
    return tenantPrefix(owner, place) + tuple(kind, ...parts);
  }

  arn(resource: string): string {
    return `arn:aws:${this.service}:${this.region}:${this.account}:${resource}`;
  }

  schedule(tx: Transaction, request: JobRequest): void {
    scheduleJob(tx, this, request);
  }

  unschedule(tx: Transaction, job: string, key: string): void {
    unscheduleJob(tx, this, job, key);
  }

  openPort(tx: Transaction, request: PortRequest): void {
    openPort(tx, this, request);
  }

  closePort(tx: Transaction, listener: string, key: string): void {
    closePort(tx, this, listener, key);
  }

  listening(listener: string, key: string): Promise<Address> {
    return this.#kernel.listeners.listening(this, listener, key);
  }

  inRegion(region: string): CallContext {
    return this.#elsewhere({ region });
  }

  inAccount(account: string): CallContext {
    return this.#elsewhere({ account });
  }

  authorizedAs(caller: Principal, input: unknown): Promise<CallContext> {
    return this.#kernel.authorizer.authorized(this.#elsewhere({ caller }), input);
  }

  /** The context of a call that policies have allowed, in the account that owns what it is about. */
  authorized(account: string, refusals: ReadonlyMap<number, ServiceError>): CallContext {
    const ctx = this.#elsewhere({ account, isAuthorized: true });
    if (refusals.size > 0) ctx.refusals = refusals;
    return ctx;
  }

  #elsewhere(changes: Partial<CallOrigin>): CallContext {
    const { service, operation, account, region, caller, requestId } = this;
    const { isAuthorized, requestKeys } = this;
    const origin = { service, operation, account, region, caller, requestId, isAuthorized };
    return new CallContext(this.#kernel, { ...origin, requestKeys, ...changes });
  }

  peerOf(region: string): string | undefined {
    return this.#kernel.peers.urlOf(region);
  }

  callRegion(region: string, call: string, payload: unknown): Promise<unknown> {
    const { service, account, region: from } = this;
    return this.#kernel.regionCalls.send({ service, account, from, to: region, call, payload });
  }

  series(namespace: string, metric: string, dimensions: Readonly<Record<string, string>>): Series {
    const { account, region } = this;
    return this.#kernel.measurements.series({ account, region, namespace, metric, dimensions });
  }

  measured(
    namespace: string,
    metric: string,
    dimensions: Readonly<Record<string, string>>,
    range: TimeRange,
  ): Promise<Datapoint[]> {
    const { account, region } = this;
    return this.#kernel.measurements.read(
      { account, region, namespace, metric, dimensions },
      range,
    );
  }

  measuredUnits(
    namespace: string,
    metric: string,
    dimensions: Readonly<Record<string, string>>,
    range: TimeRange,
  ): Promise<UnitPoints[]> {
    const { account, region } = this;
    const name = { account, region, namespace, metric, dimensions };
    return this.#kernel.measurements.readUnits(name, range);
  }

  putMeasured(tx: Transaction, series: readonly PutPoints[]): void {
    this.#kernel.measurements.put(tx, series);
  }

  knownSeries(namespace?: string, metric?: string): Promise<KnownSeries[]> {
    const { account, region } = this;
    return this.#kernel.measurements.listKnown({ account, region, namespace, metric });
  }

  measuredSeries(namespace?: string, metric?: string): Promise<SeriesName[]> {
    const { account, region } = this;
    return this.#kernel.measurements.list({ account, region, namespace, metric });
  }

  contributorRule(name: string, naming: KeyNaming): ContributorRule {
    return this.#kernel.contributors.rule(this, name, naming);
  }

  get contributions(): TenantContributions {
    return this.#kernel.contributors.of(this);
  }

  get settings(): KernelSettings {
    return this.#kernel.settings;
  }

  shared<T>(kind: SharedKind<T>): T {
    return this.#kernel.shared(kind);
  }

  publish(tx: Transaction, event: string, payload: unknown): void {
    this.#kernel.publish(tx, this, event, payload);
  }
}
