import { tuple } from "#base/tuple.ts";
import type { Store, Transaction } from "#store/store.ts";
import type { World } from "#world/world.ts";
import { FileBlobs, type BlobFiles } from "./blobs/blobs.ts";
import { memoryFiles } from "./blobs/memory-files.ts";
import { Authorizer, type PolicySource } from "./authorization/authorize.ts";
import type { RequestContext } from "./authorization/request-context.ts";
import { AssumedRoles } from "./assumed-roles.ts";
import { CallContext } from "./call-context.ts";
import type { JobContext, Tenant } from "./context.ts";
import { Certificates } from "./certificates.ts";
import { Credentials } from "./credentials.ts";
import { Contributors } from "./contributors.ts";
import { Faults } from "./faults.ts";
import { rootOf, type Principal } from "./identity.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { JobWorker, scheduleJob, type ClaimedJob } from "./jobs.ts";
import {
  Listeners,
  type OpenPort,
  type Opening,
  type PortCall,
  type PortContext,
  type PortHandler,
  type PortOwner,
  type SignedText,
} from "./listeners.ts";
import type { Log } from "./log.ts";
import { compactMeasurements } from "./measurement-store.ts";
import { Measurements } from "./measurements.ts";
import { Metrics } from "./metrics.ts";
import { appendEvent, firstEvent } from "./outbox.ts";
import { noPeers, type Peers, type RegionCall, RegionCalls } from "./region-calls.ts";
import { RegionLinks } from "./region-links.ts";
import { resetStore, finishReset } from "./reset.ts";
import { ServerClock } from "./server-clock.ts";
import type { Service } from "./service.ts";
import { Uses } from "./uses.ts";
import { Vault } from "./vault.ts";

export interface KernelOptions {
  readonly world: World;
  readonly store: Store;
  readonly services: readonly Service[];
  readonly log: Log;
  readonly settings?: Partial<KernelSettings>;
  /** What outlives the kernel when another state takes its state's place; new unless it is given. */
  readonly faults?: Faults;
  readonly links?: RegionLinks;
  readonly metrics?: Metrics;
  /** Who serves other regions; nobody unless it is said. */
  readonly peers?: Peers | undefined;
  /** Where large bodies lie; in memory if nothing is said. */
  readonly blobs?: { readonly files: BlobFiles; readonly folder: string } | undefined;
  /** Where the policies of users and roles come from; without one they have none. */
  readonly policies?: PolicySource;
  /** The access keys that are known; none unless it is said. */
  readonly credentials?: Credentials;
  /** What seals secrets; under a key that nobody else has unless it is given. */
  readonly vault?: Vault;
  /** What proves to clients who this server is; of an authority that nobody knows unless it is given. */
  readonly certificates?: Certificates;
  /** Where issuers of tokens keep their keys, for those that do not tell by themselves: see issuer-keys.ts. */
  readonly issuers?: ReadonlyMap<string, string> | undefined;
  /** The services' own ports (listeners.ts). Without it they are on loopback, for nobody. */
  readonly ports?: PortOptions;
}

/** How the server was told to behave: what services obey of it. */
export interface KernelSettings {
  /** Whether capacity that is used up is refused. It is counted either way. */
  readonly throttle: boolean;
  /** Whether single partitions have limits of their own. */
  readonly partitionLimits: boolean;
}

/** A kind of state that a service keeps in memory, one for each server: what `make` makes when it is first asked for. */
export interface SharedKind<T> {
  readonly make: () => T;
}

export interface PortOptions {
  readonly host: string;
  /** The first number that is given away; 0 lets the system pick. */
  readonly first: number;
  /** Who signed a text; undefined if the signature is refused. */
  readonly authenticate: (
    signed: SignedText,
    credentials: Credentials,
  ) => Principal | undefined | Promise<Principal | undefined>;
}

const closedPorts: PortOptions = {
  host: "127.0.0.1",
  first: 0,
  authenticate: () => undefined,
};

/** Who calls what, as the pipeline found out. */
export interface CallOrigin extends Tenant {
  readonly service: string;
  /** As the model names it; of a job, the job's name. */
  readonly operation: string;
  readonly caller: Principal;
  readonly requestId: string;
  /** Of what the server does for itself, and of calls that policies have allowed. */
  readonly isAuthorized?: boolean;
  /** What the request tells conditions of policies. */
  readonly requestKeys?: RequestContext | undefined;
}

/** What every service stands on: contexts for calls, a worker for jobs, deliveries of events, and the counters. */
export class Kernel {
  readonly world: World;
  readonly store: Store;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly blobs: FileBlobs;
  readonly measurements: Measurements;
  readonly links: RegionLinks;
  readonly faults: Faults;
  readonly peers: Peers;
  readonly regionCalls: RegionCalls;
  readonly settings: KernelSettings;
  /** The clock as users move it. */
  readonly clock: ServerClock;
  readonly services: ReadonlyMap<string, Service>;
  readonly authorizer: Authorizer;
  readonly credentials: Credentials;
  readonly vault: Vault;
  readonly certificates: Certificates;
  readonly issuerKeys: IssuerKeys;
  readonly uses: Uses;
  readonly contributors: Contributors;
  readonly assumedRoles: AssumedRoles;
  readonly #subscribers = new Map<string, string[]>();
  readonly #shared = new Map<SharedKind<unknown>, unknown>();
  readonly #worker: JobWorker;
  readonly listeners: Listeners;
  readonly #authenticate: PortOptions["authenticate"];
  readonly #portHandlers = new Map<string, PortHandler>();

  constructor(options: KernelOptions) {
    this.world = options.world;
    this.store = options.store;
    this.log = options.log;
    this.settings = { throttle: true, partitionLimits: false, ...options.settings };
    this.measurements = new Measurements({
      ...options,
      onFirst: (tx) => this.#compactLater(tx),
    });
    this.metrics = options.metrics ?? new Metrics();
    this.links = options.links ?? new RegionLinks();
    this.faults = options.faults ?? new Faults(options.world.clock, options.world.random);
    this.clock = new ServerClock(options.world.clock, options.store);
    const { store, log, world } = options;
    const place = options.blobs ?? { files: memoryFiles(), folder: "blobs" };
    // A vault that was made up here opens nothing after the next start.
    const sealing = { vault: options.vault, random: world.random };
    this.blobs = new FileBlobs({ ...place, ...sealing, store, log });
    this.services = new Map(options.services.map((service) => [service.name, service]));
    this.contributors = new Contributors(() => this.world.clock.nowMs());
    this.uses = new Uses({ ...options, clock: world.clock });
    this.authorizer = new Authorizer(options.store, this.services, this.uses, options.policies);
    this.credentials = options.credentials ?? new Credentials([]);
    this.assumedRoles = new AssumedRoles(this);
    this.issuerKeys = new IssuerKeys({ ...world, places: options.issuers ?? new Map() });
    this.vault = options.vault ?? new Vault(world.random.bytes(32), world.random);
    const { vault } = this;
    this.certificates =
      options.certificates ?? new Certificates({ vault, random: world.random, clock: world.clock });
    for (const service of options.services) {
      for (const event of service.subscriptions.keys()) {
        this.#subscribers.set(event, [...(this.#subscribers.get(event) ?? []), service.name]);
      }
    }
    this.peers = options.peers ?? noPeers;
    const { links, peers } = this;
    this.regionCalls = new RegionCalls({ links, peers, run: (call) => this.#runRegionCall(call) });
    this.#worker = new JobWorker({ ...options, run: (job) => this.#run(job) });
    const { host, first, authenticate } = options.ports ?? closedPorts;
    this.#authenticate = authenticate;
    this.listeners = new Listeners({
      ...options,
      host,
      firstPort: first,
      certificates: this.certificates,
      open: (owner, listener, opening) => this.#openPort(owner, listener, opening),
    });
  }

  async start(): Promise<void> {
    await finishReset(this.store, this.blobs);
    await this.clock.restore();
    await this.blobs.start();
    await this.listeners.start();
    await this.#worker.start();
  }

  /** Closes the ports and waits for the jobs under way. The store is closed by whoever opened it. */
  async stop(): Promise<void> {
    await this.listeners.stop();
    await this.#worker.stop();
    await this.measurements.stop();
    await this.uses.stop();
    await this.blobs.stop();
  }

  /** Forgets all state of all accounts, durably; a crash in between goes on at the next start. */
  async reset(): Promise<void> {
    await this.measurements.forget();
    await this.uses.forget();
    this.#shared.clear();
    this.contributors.clear();
    this.assumedRoles.clear();
    await resetStore(this.store, this.blobs);
    await this.clock.change({ reset: true });
  }

  /** Resolves when no job is due or under way, or after so much elapsed time: false then. */
  settled(limitMs: number): Promise<boolean> {
    const { clock } = this.world;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(limitMs, () => resolve(false));
      this.#worker
        .settled()
        .then(() => resolve(true), reject)
        .finally(cancel);
    });
  }

  shared<T>(kind: SharedKind<T>): T {
    let state = this.#shared.get(kind) as T | undefined;
    if (state === undefined) this.#shared.set(kind, (state = kind.make()));
    return state;
  }

  context(origin: CallOrigin): CallContext {
    return new CallContext(this, origin);
  }

  /** Calls an operation without HTTP, as one service calls another. Throws what the handler throws. */
  async call(origin: CallOrigin, input: unknown): Promise<unknown> {
    const ctx = this.context(origin);
    const { service, operation } = origin;
    const handler = this.services.get(service)?.operations.get(operation);
    if (handler === undefined) {
      throw ctx.error("NotImplemented", `${service} ${operation} is not implemented yet`);
    }
    return this.authorizer.perform(ctx, handler, input);
  }

  async #runRegionCall({ service, account, to, call, payload }: RegionCall): Promise<unknown> {
    const handler = this.services.get(service)?.regionCalls.get(call);
    if (handler === undefined) throw new Error(`this version knows no ${service} ${call}`);
    const caller = rootOf(account);
    const requestId = this.world.random.uuid();
    const origin = { service, operation: call, account, region: to, caller, requestId };
    return handler(this.context({ ...origin, isAuthorized: true }), payload as never);
  }

  publish(tx: Transaction, origin: Tenant, event: string, payload: unknown): void {
    for (const service of this.#subscribers.get(event) ?? []) {
      const { account, region } = origin;
      appendEvent(tx, { service, account, region }, { event, payload });
      const owner = { service: "kernel", account, region };
      scheduleJob(tx, owner, { at: this.world.clock.nowMs(), job: "deliverEvents", key: service });
    }
  }

  async #run(job: ClaimedJob): Promise<void> {
    if (job.record.service === "kernel") {
      return job.record.job === compaction ? this.#compact(job) : this.#deliverEvents(job);
    }
    const handler = this.services.get(job.record.service)?.jobs.get(job.record.job);
    if (handler === undefined) throw new Error("no service of this version knows the job");
    let completed = false;
    const ctx = this.#jobContext(job, job.record.service, (tx) => {
      job.complete(tx);
      completed = true;
    });
    await handler(ctx, job.record.payload as never);
    // A job that scheduled itself anew has already replaced its record: completing it then is superseded.
    if (!completed) await this.store.transact((tx) => job.complete(tx));
  }

  async #compact(job: ClaimedJob): Promise<void> {
    await compactMeasurements(this.store, this.world.clock.nowMs());
    await this.store.transact((tx) => {
      job.complete(tx);
      this.#compactLater(tx);
    });
  }

  #compactLater(tx: Transaction): void {
    const owner = { service: "kernel", account: "000000000000", region: "us-east-1" };
    const at = this.world.clock.nowMs() + compactEveryMs;
    scheduleJob(tx, owner, { at, job: compaction, key: "all" });
  }

  async #deliverEvents(job: ClaimedJob): Promise<void> {
    const subscriber = { ...job.record, service: job.record.key };
    const service = this.services.get(subscriber.service);
    for (;;) {
      const first = await this.store.transact((tx) => {
        const found = firstEvent(tx, subscriber);
        if (found === undefined) job.complete(tx);
        return found;
      });
      if (first === undefined) return;
      const handler = service?.subscriptions.get(first.event.event);
      const take = (tx: Transaction): void => tx.delete(first.key);
      let taken = false;
      const ctx = this.#jobContext(job, subscriber.service, (tx) => {
        take(tx);
        taken = true;
      });
      // An event that this version no longer subscribes to is taken out unread.
      await handler?.(ctx, first.event.payload as never);
      if (!taken) await this.store.transact(take);
    }
  }

  #openPort(owner: PortOwner, listener: string, opening: Opening): OpenPort {
    const { service, account, region } = owner;
    const name = `${service} ${listener}`;
    let handler = this.#portHandlers.get(name);
    if (handler === undefined) {
      const make = this.services.get(service)?.listeners.get(listener);
      if (make === undefined) throw new Error(`no service of this version answers for ${name}`);
      handler = make();
      this.#portHandlers.set(name, handler);
    }
    const caller = rootOf(account);
    const requestId = this.world.random.uuid();
    const operation = listener;
    const ctx = this.context({ service, operation, account, region, caller, requestId });
    const extended: PortContext = Object.assign(ctx, {
      authenticate: (signed: SignedText) => this.#authenticate(signed, this.credentials),
      permit: (asked: PortCall) => {
        const { actions, resource, keys: requestKeys, ...call } = asked;
        const of = this.context({ ...call, service, account, region, requestKeys });
        return this.authorizer.permit(of, actions, resource);
      },
      report: (message: string, failure: unknown) => this.log.error(message, { service, failure }),
      elapsedMs: () => this.world.clock.elapsedMs(),
    });
    return handler.open(extended, opening);
  }

  #jobContext(job: ClaimedJob, service: string, complete: (tx: Transaction) => void): JobContext {
    const { account, region, attempt } = job.record;
    const caller = rootOf(account);
    const requestId = this.world.random.uuid();
    const ctx = this.context({
      service,
      operation: job.record.job,
      account,
      region,
      caller,
      requestId,
      isAuthorized: true,
    });
    return Object.assign(ctx, { attempt, complete });
  }
}

const compaction = "compactMeasurements";
const compactEveryMs = 86_400_000;

const tenantPrefixes = new Map<string, string>();
/** Of the latest tenant: neighbouring requests are mostly of the same one. */
let latest = { service: "", account: "", region: "", prefix: "" };

/** The first three parts of each of a service's keys, built once for each tenant. */
export function tenantPrefix(service: string, { account, region }: Tenant): string {
  if (
    latest.service === service &&
    latest.account === account &&
    latest.region === region &&
    latest.prefix !== ""
  ) {
    return latest.prefix;
  }
  const name = `${service} ${account} ${region}`;
  let prefix = tenantPrefixes.get(name);
  if (prefix === undefined) {
    prefix = tuple(service, account, region);
    // Bounded: account and region come from signatures that anybody can write.
    if (tenantPrefixes.size >= 10_000) tenantPrefixes.clear();
    tenantPrefixes.set(name, prefix);
  }
  latest = { service, account, region, prefix };
  return prefix;
}
