import { endOfPrefix } from "#base/key.ts";
import { tuple, decodeTuple } from "#base/tuple.ts";
import type { Codec, Snapshot, Store } from "#store/store.ts";
import type { Cancel, Clock } from "#world/world.ts";
import type { Principal } from "./identity.ts";
import type { Log } from "./log.ts";

/*
 * When users, roles and access keys were last used, and for what: IAM tells of it.
 *
 *   kernel, use  account · unique id of the user or role  → EntityUses
 *
 * U1. A use costs a few look-ups in memory and no write: those of a minute are stored together soon after it has ended,
 *     and a kill loses no more than the running minute's. Only the latest of each counts.
 * U2. Readers see all uses until now: they have them stored first.
 * U3. Attempts count, denied ones too. Root users' are not noted: that would cost each of their requests.
 */

export interface Use {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly region: string;
}

export interface KeyUse extends Use {
  readonly service: string;
}

export interface EntityUses {
  /** By service, as its model is named, and operation. */
  readonly operations: Readonly<Record<string, Readonly<Record<string, Use>>>>;
  /** By access key. */
  readonly keys: Readonly<Record<string, KeyUse>>;
}

/** What is being used. */
export interface Used {
  readonly service: string;
  readonly operation: string;
  readonly region: string;
}

export interface UsesOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
}

const minuteMs = 60_000;
const entitiesPerCommit = 500;

/** Since they were last stored. */
interface Noted {
  readonly account: string;
  readonly id: string;
  readonly accessKeyId: string | undefined;
  readonly operations: Map<string, Map<string, Use>>;
  latest: KeyUse | undefined;
}

const codec: Codec<EntityUses> = {
  encode: (uses) => Buffer.from(JSON.stringify(uses)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as EntityUses,
};

export const noUses: EntityUses = { operations: {}, keys: {} };

export class Uses {
  readonly #options: UsesOptions;
  /** A principal is one object for as long as its credentials are kept. */
  readonly #noted = new WeakMap<Principal, Noted>();
  #unstored = new Set<Noted>();
  #storing: Promise<void> = Promise.resolve();
  #alarm: Cancel | undefined;
  #stopped = false;

  constructor(options: UsesOptions) {
    this.#options = options;
  }

  note(principal: Principal, { service, operation, region }: Used): void {
    let noted = this.#noted.get(principal);
    if (noted === undefined) {
      const id = entityIdOf(principal);
      if (id === undefined) return;
      const { account, accessKeyId } = principal;
      noted = { account, id, accessKeyId, operations: new Map(), latest: undefined };
      this.#noted.set(principal, noted);
    }
    const atMs = this.#options.clock.nowMs();
    const use = { atMs, region, service };
    let operations = noted.operations.get(service);
    if (operations === undefined) noted.operations.set(service, (operations = new Map()));
    operations.set(operation, use);
    noted.latest = use;
    if (this.#unstored.has(noted)) return;
    this.#unstored.add(noted);
    this.#arm();
  }

  /** Of a user or role, by its unique id. */
  async of(account: string, id: string): Promise<EntityUses> {
    await this.#flush();
    return this.#options.store.read((snapshot) => find(snapshot, account, id));
  }

  /** Of all users and roles of an account that were ever used, by their unique ids. */
  async all(account: string): Promise<ReadonlyMap<string, EntityUses>> {
    await this.#flush();
    return this.#options.store.read((snapshot) => {
      const start = prefix(account);
      const found = new Map<string, EntityUses>();
      for (const { key, value } of snapshot.range({ start, end: endOfPrefix(start) })) {
        const [id] = decodeTuple(key.slice(start.length));
        found.set(id as string, codec.decode(value));
      }
      return found;
    });
  }

  /** Stores everything, and no more after that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm?.();
    await this.#flush();
  }

  /** Forgets what is in memory: all state was reset. */
  async forget(): Promise<void> {
    this.#unstored = new Set();
    await this.#storing;
  }

  #arm(): void {
    if (this.#alarm !== undefined || this.#stopped) return;
    const nowMs = this.#options.clock.nowMs();
    this.#alarm = this.#options.clock.at(nowMs - (nowMs % minuteMs) + minuteMs, () => {
      this.#alarm = undefined;
      void this.#flush();
    });
  }

  #flush(): Promise<void> {
    this.#storing = this.#storing
      .then(() => this.#store())
      .catch((error: unknown) => this.#options.log.error("uses were not stored", { error }));
    return this.#storing;
  }

  async #store(): Promise<void> {
    while (this.#unstored.size > 0) {
      const some = [...this.#unstored].slice(0, entitiesPerCommit).map((noted) => {
        this.#unstored.delete(noted);
        const { account, id, accessKeyId, latest } = noted;
        const operations = Object.fromEntries(
          [...noted.operations].map(([service, uses]) => [
            service,
            Object.fromEntries(
              [...uses].map(([name, { atMs, region }]) => [name, { atMs, region }]),
            ),
          ]),
        );
        noted.operations.clear();
        const hasKey = accessKeyId !== undefined && latest !== undefined;
        return { account, id, uses: { operations, keys: hasKey ? { [accessKeyId]: latest } : {} } };
      });
      await this.#options.store.transact((tx) => {
        for (const { account, id, uses } of some) {
          const before = find(tx, account, id);
          tx.putRecord(keyOf(account, id), codec, together(before, uses));
        }
      });
    }
  }
}

const prefix = (account: string): string => tuple("kernel", "use", account);
const keyOf = (account: string, id: string): string => prefix(account) + tuple(id);

function find(snapshot: Snapshot, account: string, id: string): EntityUses {
  return snapshot.record(keyOf(account, id), codec) ?? noUses;
}

function together(before: EntityUses, after: EntityUses): EntityUses {
  const operations: Record<string, Readonly<Record<string, Use>>> = { ...before.operations };
  for (const [service, uses] of Object.entries(after.operations)) {
    operations[service] = { ...operations[service], ...uses };
  }
  return { operations, keys: { ...before.keys, ...after.keys } };
}

/** Of a session, its role's or user's; undefined for whoever has none. */
function entityIdOf({ kind, userId }: Principal): string | undefined {
  return kind === "user" || kind === "role-session" ? userId.split(":")[0] : undefined;
}

/** The latest of some. */
export function latestOf<Some extends Use>(uses: readonly Some[]): Some | undefined {
  return uses.reduce<Some | undefined>(
    (latest, use) => (latest === undefined || use.atMs > latest.atMs ? use : latest),
    undefined,
  );
}
