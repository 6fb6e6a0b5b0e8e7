import { createHash } from "node:crypto";
import type { AttributeListIds } from "#engines/dax-protocol/items.ts";
import { emptyListId, UnknownAttributeList } from "#engines/dax-protocol/items.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec } from "#store/store.ts";
import { listIdKey, listKey, nextListKey } from "../keyspace.ts";

const jsonCodec = <T>(): Codec<T> => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
});
const namesCodec = jsonCodec<readonly string[]>();
const idCodec = jsonCodec<number>();

const rememberedAtMost = 50_000;

/**
 * The numbers of lists of attribute names, one set for all nodes of a cluster. Clients keep them for as long as they
 * run, so a number once given stays: they are stored, and outlive restarts.
 */
export class AttributeLists implements AttributeListIds {
  readonly #ctx: Context;
  readonly #clusterId: string;
  /** Where the numbers begin: another cluster of the same name has others. */
  readonly #firstId: number;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, readonly string[]>();

  constructor(ctx: Context, clusterId: string, firstId: number) {
    this.#ctx = ctx;
    this.#clusterId = clusterId;
    this.#firstId = firstId;
    this.#remember(emptyListId, []);
  }

  idOf(names: readonly string[]): number | undefined {
    return names.length === 0 ? emptyListId : this.#ids.get(textOf(names));
  }

  /** The number of a list, which it gets if it has none. */
  async define(names: readonly string[]): Promise<number> {
    const known = this.idOf(names);
    if (known !== undefined) return known;
    const ctx = this.#ctx;
    const byNames = listIdKey(ctx, this.#clusterId, hashOf(names));
    const next = nextListKey(ctx, this.#clusterId);
    const id = await ctx.transact((tx) => {
      const found = tx.record(byNames, idCodec);
      if (found !== undefined) return found;
      const given = tx.record(next, idCodec) ?? this.#firstId;
      tx.putRecord(next, idCodec, given + 1);
      tx.putRecord(byNames, idCodec, given);
      tx.putRecord(listKey(ctx, this.#clusterId, given), namesCodec, names);
      return given;
    });
    this.#remember(id, names);
    return id;
  }

  /** Undefined if no list has that number here. */
  async namesOf(id: number): Promise<readonly string[] | undefined> {
    const known = this.#names.get(id);
    if (known !== undefined || id < 0) return known;
    const key = listKey(this.#ctx, this.#clusterId, id);
    const names = await this.#ctx.read((snapshot) => snapshot.record(key, namesCodec));
    if (names !== undefined) this.#remember(id, names);
    return names;
  }

  /** Encodes, defining the lists on the way that have no number yet. */
  async encode<T>(attempt: (lists: AttributeListIds) => T): Promise<T> {
    for (;;) {
      try {
        return attempt(this);
      } catch (problem) {
        if (!(problem instanceof UnknownAttributeList)) throw problem;
        await this.define(problem.names);
      }
    }
  }

  #remember(id: number, names: readonly string[]): void {
    if (this.#names.size >= rememberedAtMost) {
      this.#names.clear();
      this.#ids.clear();
    }
    this.#names.set(id, names);
    this.#ids.set(textOf(names), id);
  }
}

// Lengths in front keep two lists apart whatever their names hold.
function textOf(names: readonly string[]): string {
  let text = "";
  for (const name of names) text += `${name.length}:${name}`;
  return text;
}

function hashOf(names: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(names)).digest("hex");
}
