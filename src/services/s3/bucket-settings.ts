import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { settingKey, type Place } from "./keyspace.ts";

/** What is set for a bucket as a whole, one record for each kind, so that no request reads more than it asks for. */
export class BucketSetting<T> {
  readonly #kind: string;
  readonly #codec: Codec<T> = {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
  };

  constructor(kind: string) {
    this.#kind = kind;
  }

  read(snapshot: Snapshot, ctx: Context, bucket: Place): T | undefined {
    return snapshot.record(settingKey(ctx, bucket, this.#kind), this.#codec);
  }

  put(tx: Transaction, ctx: Context, bucket: Place, value: T): void {
    tx.putRecord(settingKey(ctx, bucket, this.#kind), this.#codec, value);
  }

  delete(tx: Transaction, ctx: Context, bucket: Place): void {
    tx.delete(settingKey(ctx, bucket, this.#kind));
  }
}
