import type { Key } from "#base/key.ts";
import { endOfPrefix } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Codec, Snapshot, Store, Transaction, Unwatch } from "#store/store.ts";
import type { Cancel, World } from "#world/world.ts";
import type { JobRequest, Tenant } from "./context.ts";
import type { Log } from "./log.ts";

/**
 * Durable jobs: everything that happens later or elsewhere.
 *
 * J1. A job exists from the commit that scheduled it to the commit that completed it.
 * J2. A worker claims a job under a lease before it runs it. Nobody else runs it while the lease holds;
 *     a live worker renews it, a dead one's runs out, and a process that opens the store alone frees at
 *     once what its forerunner held.
 * J3. A job runs at least once; completing it is part of the transaction that stores its result, so a
 *     result is stored once.
 * J4. Under one (tenant, service, job, key) stands one job: scheduling again replaces it, and a run of
 *     the replaced one can no longer complete.
 * J5. A job that fails runs again, later and later, until it succeeds: it is never dropped.
 */

/** Where a job belongs. */
export interface JobOwner extends Tenant {
  readonly service: string;
}

export interface JobRecord extends JobOwner {
  readonly job: string;
  readonly key: string;
  readonly payload: unknown;
  /** When it is to run; while it is claimed, when the lease ends. */
  readonly dueMs: number;
  /** How often it was claimed. */
  readonly attempt: number;
  /** Names the run that holds it. */
  readonly lease?: string;
}

/** What the worker hands to whoever runs it. */
export interface ClaimedJob {
  readonly record: JobRecord;
  /** Removes the job if it is still this run's; otherwise throws `JobSuperseded`. */
  complete(tx: Transaction): void;
}

/** The job was scheduled anew or taken over while it ran: this run's result must not be stored. */
export class JobSuperseded extends Error {
  override name = "JobSuperseded";
}

const jobsPrefix = tuple("kernel", "job");
const duePrefix = tuple("kernel", "due");
const claimsPrefix = tuple("kernel", "claim");

const leaseMs = 60_000;
const claimsAtOnce = 100;
const runsAtOnce = 256;
const shortestRetryMs = 100;
const longestRetryMs = 60_000;

const jobCodec: Codec<JobRecord> = {
  encode: (job) => Buffer.from(JSON.stringify(job)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as JobRecord,
};

function jobKey(owner: JobOwner, job: string, key: string): Key {
  return jobsPrefix + tuple(owner.service, owner.account, owner.region, job, key);
}

/** Ordered by time; the rest is the job's own key, which makes it unique and finds the record. */
const dueKey = (dueMs: number, key: Key): Key => duePrefix + tuple(Math.max(0, dueMs)) + key;
const claimKey = (key: Key): Key => claimsPrefix + key;
const jobKeyOfDue = (due: Key): Key => due.slice(duePrefix.length + tuple(0).length);
const jobKeyOfClaim = (claim: Key): Key => claim.slice(claimsPrefix.length);
const nothing = Buffer.alloc(0);

function readJob(tx: Snapshot, key: Key): JobRecord | undefined {
  const bytes = tx.get(key);
  return bytes && jobCodec.decode(bytes);
}

function writeJob(
  tx: Transaction,
  key: Key,
  before: JobRecord | undefined,
  after: JobRecord,
): void {
  if (before !== undefined) forgetDue(tx, key, before);
  tx.put(key, jobCodec.encode(after));
  tx.put(dueKey(after.dueMs, key), nothing);
  if (after.lease !== undefined) tx.put(claimKey(key), nothing);
}

function forgetDue(tx: Transaction, key: Key, job: JobRecord): void {
  tx.delete(dueKey(job.dueMs, key));
  if (job.lease !== undefined) tx.delete(claimKey(key));
}

export function scheduleJob(tx: Transaction, owner: JobOwner, request: JobRequest): void {
  const key = jobKey(owner, request.job, request.key);
  writeJob(tx, key, readJob(tx, key), {
    service: owner.service,
    account: owner.account,
    region: owner.region,
    job: request.job,
    key: request.key,
    payload: request.payload,
    dueMs: Math.ceil(request.at),
    attempt: 0,
  });
}

export function unscheduleJob(tx: Transaction, owner: JobOwner, job: string, key: string): void {
  const stored = jobKey(owner, job, key);
  const before = readJob(tx, stored);
  if (before === undefined) return;
  forgetDue(tx, stored, before);
  tx.delete(stored);
}

export interface JobWorkerOptions {
  readonly world: Pick<World, "clock" | "random">;
  readonly store: Store;
  readonly log: Log;
  /** Runs one job; rejects when it must be tried again. */
  readonly run: (job: ClaimedJob) => Promise<void>;
}

/** Claims due jobs and has them run. One for each process. */
export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #running = new Map<Key, Promise<void>>();
  #unwatch: Unwatch | undefined;
  #alarm: Cancel | undefined;
  #pass: Promise<void> | undefined;
  #passAgain = false;
  #stopped = false;

  constructor(options: JobWorkerOptions) {
    this.#options = options;
  }

  /** Frees what a forerunner of this process left claimed (it is gone: the store is ours alone), and begins. */
  async start(): Promise<void> {
    for (;;) {
      const freed = await this.#options.store.transact((tx) => {
        const range = { start: claimsPrefix, end: endOfPrefix(claimsPrefix), limit: claimsAtOnce };
        let count = 0;
        for (const { key: claim } of tx.range(range)) {
          const key = jobKeyOfClaim(claim);
          const job = readJob(tx, key);
          tx.delete(claim);
          if (job !== undefined) {
            const { lease: _, ...free } = job;
            writeJob(tx, key, job, { ...free, dueMs: this.#options.world.clock.nowMs() });
          }
          count += 1;
        }
        return count;
      });
      if (freed < claimsAtOnce) break;
    }
    this.#unwatch = this.#options.store.watch(duePrefix, () => this.#wake());
    this.#wake();
  }

  /** Claims no more and waits for the runs under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unwatch?.();
    this.#alarm?.();
    await this.#pass;
    await Promise.allSettled(this.#running.values());
  }

  /** Resolves when nothing is due and nothing runs; what fails waits for its next try and counts as neither. */
  async settled(): Promise<void> {
    for (;;) {
      this.#wake();
      await this.#pass;
      if (this.#pass === undefined && this.#running.size === 0) return;
      await Promise.allSettled(this.#running.values());
    }
  }

  #wake(): void {
    if (this.#stopped) return;
    if (this.#pass !== undefined) {
      this.#passAgain = true;
      return;
    }
    this.#pass = this.#claimAndRun()
      .catch((error: unknown) => this.#options.log.error("claiming jobs failed", { error }))
      .finally(() => {
        this.#pass = undefined;
        if (this.#passAgain) {
          this.#passAgain = false;
          this.#wake();
        }
      });
  }

  async #claimAndRun(): Promise<void> {
    const { clock } = this.#options.world;
    this.#alarm?.();
    this.#alarm = undefined;
    // With all hands busy, the next run that ends wakes the worker again.
    if (this.#running.size >= runsAtOnce) return;
    const next = await this.#nextDueMs(0);
    if (next === undefined || next > clock.nowMs()) return this.#ringAt(next);
    const { claimed, nowMs } = await this.#claim();
    for (const [key, record] of claimed) this.#start(key, record);
    if (claimed.length > 0) this.#passAgain = true;
    else this.#ringAt(await this.#nextDueMs(nowMs + 1));
  }

  #ringAt(dueMs: number | undefined): void {
    if (dueMs !== undefined) {
      this.#alarm = this.#options.world.clock.at(dueMs, () => this.#wake());
    }
  }

  /** When the first job is due that is not due before that. */
  #nextDueMs(fromMs: number): Promise<number | undefined> {
    return this.#options.store.read((snapshot) => firstDueMs(snapshot, fromMs));
  }

  #claim(): Promise<{ readonly claimed: [Key, JobRecord][]; readonly nowMs: number }> {
    const { clock, random } = this.#options.world;
    const pass = random.uuid();
    return this.#options.store.transact((tx) => {
      const claimed: [Key, JobRecord][] = [];
      const nowMs = clock.nowMs();
      const free = Math.min(claimsAtOnce, runsAtOnce - this.#running.size);
      const end = dueKey(nowMs + 1, "");
      // Renewed leases are read past, so a range of `free` entries would not do.
      for (const { key: due } of tx.range({ start: duePrefix, end })) {
        if (claimed.length === free) break;
        const key = jobKeyOfDue(due);
        const job = readJob(tx, key);
        if (job === undefined) {
          tx.delete(due);
        } else if (this.#running.has(key) && job.lease !== undefined) {
          writeJob(tx, key, job, { ...job, dueMs: nowMs + leaseMs });
        } else if (!this.#running.has(key)) {
          const lease = `${pass} ${claimed.length}`;
          const record = { ...job, lease, attempt: job.attempt + 1, dueMs: nowMs + leaseMs };
          writeJob(tx, key, job, record);
          claimed.push([key, record]);
        }
        // Scheduled anew while its forerunner still runs: the end of that one wakes the worker, whatever the clock does.
      }
      return { claimed, nowMs };
    });
  }

  #start(key: Key, record: JobRecord): void {
    const run = this.#run(key, record).finally(() => {
      this.#running.delete(key);
      this.#wake();
    });
    this.#running.set(key, run);
  }

  async #run(key: Key, record: JobRecord): Promise<void> {
    const { log, store } = this.#options;
    const complete = (tx: Transaction): void => {
      const stored = readJob(tx, key);
      if (stored === undefined || stored.lease !== record.lease) {
        throw new JobSuperseded(`${record.service} ${record.job} ${record.key}`);
      }
      forgetDue(tx, key, stored);
      tx.delete(key);
    };
    try {
      await this.#options.run({ record, complete });
    } catch (error) {
      if (error instanceof JobSuperseded) return;
      const { service, job, key: name, attempt } = record;
      log.error("a job failed and will run again", { service, job, key: name, attempt, error });
      await store
        .transact((tx) => this.#retryLater(tx, key, record))
        .catch((failure: unknown) => log.error("a job's retry was not stored", { error: failure }));
    }
  }

  #retryLater(tx: Transaction, key: Key, record: JobRecord): void {
    const stored = readJob(tx, key);
    if (stored === undefined || stored.lease !== record.lease) return;
    const { lease: _, ...free } = stored;
    const delayMs = Math.min(longestRetryMs, shortestRetryMs * 2 ** (record.attempt - 1));
    writeJob(tx, key, stored, { ...free, dueMs: this.#options.world.clock.nowMs() + delayMs });
  }
}

function firstDueMs(snapshot: Snapshot, fromMs: number): number | undefined {
  const range = { start: dueKey(fromMs, ""), end: endOfPrefix(duePrefix), limit: 1 };
  for (const { key } of snapshot.range(range)) {
    return readJob(snapshot, jobKeyOfDue(key))?.dueMs ?? 0;
  }
  return undefined;
}
