import type { KeySchema, KeyAttribute } from "#engines/dax-protocol/keys.ts";
import type { Context } from "#kernel/context.ts";
import type { ServiceClients } from "#kernel/service.ts";

/** As long as the clients remember a table's key. */
const rememberedMs = 60_000;
const rememberedAtMost = 10_000;

interface Remembered {
  readonly schema: KeySchema;
  readonly untilMs: number;
}

/** The primary keys of the tables that a cluster was asked for. */
export class TableSchemas {
  readonly #ctx: Context;
  readonly #dynamodb: () => Promise<ServiceClients["dynamodb"]>;
  readonly #byName = new Map<string, Remembered>();

  constructor(ctx: Context, dynamodb: () => Promise<ServiceClients["dynamodb"]>) {
    this.#ctx = ctx;
    this.#dynamodb = dynamodb;
  }

  known(tableName: string): KeySchema | undefined {
    const found = this.#byName.get(tableName);
    return found !== undefined && this.#ctx.now() < found.untilMs ? found.schema : undefined;
  }

  /** Throws DynamoDB's error if there is no such table. */
  async find(tableName: string): Promise<KeySchema> {
    const known = this.known(tableName);
    if (known !== undefined) return known;
    const dynamodb = await this.#dynamodb();
    const { Table: table } = await dynamodb.DescribeTable({ TableName: tableName });
    const types = new Map(
      table?.AttributeDefinitions?.map((one) => [one.AttributeName, one.AttributeType]),
    );
    const attributes = (table?.KeySchema ?? []).map(({ AttributeName: name }): KeyAttribute => ({
      name,
      type: types.get(name) ?? "S",
    }));
    const [partition, sort] = attributes;
    if (partition === undefined) throw new Error("a table has a key");
    const schema: KeySchema = sort === undefined ? [partition] : [partition, sort];
    if (this.#byName.size >= rememberedAtMost) this.#byName.clear();
    this.#byName.set(tableName, { schema, untilMs: this.#ctx.now() + rememberedMs });
    return schema;
  }

  /** Some table is gone; what has its name next may have another key. */
  forgetAll(): void {
    this.#byName.clear();
  }
}
