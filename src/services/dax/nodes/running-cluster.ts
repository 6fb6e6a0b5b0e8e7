import type { Item } from "#engines/dax-protocol/attribute-values.ts";
import { canonicalKey, encodeKey, type KeySchema } from "#engines/dax-protocol/keys.ts";
import type { RoleToAssume } from "#kernel/assumed-roles.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { PortContext } from "#kernel/listeners.ts";
import type { ServiceClients } from "#kernel/service.ts";
import { clusterArn } from "../cluster-description.ts";
import { roleForNodes } from "../cluster-role.ts";
import { itemAnswer, noItem } from "./answers.ts";
import { AttributeLists } from "./attribute-lists.ts";
import { WritesUnderWay } from "./item-cache.ts";
import type { Node } from "./node.ts";
import { plainItem, type FoundItem } from "./plain-item.ts";
import { TableSchemas } from "./table-schemas.ts";

export interface ClusterIdentity {
  readonly clusterName: string;
  readonly clusterId: string;
  readonly firstListId: number;
  /** In whose name the nodes use the tables. */
  readonly roleArn: string;
}

/** An item that a request writes. */
export interface WrittenItem {
  readonly tableName: string;
  readonly schema: KeySchema;
  /** As the client sent it. */
  readonly key: Buffer;
}

/** What the nodes of a cluster share. They are of one process, so a write reaches all of them before it is answered. */
export class RunningCluster {
  readonly ctx: PortContext;
  readonly lists: AttributeLists;
  readonly schemas: TableSchemas;
  /** In the order of their ids; the first one is the primary. */
  readonly nodes = new Map<string, Node>();
  readonly arn: string;
  readonly #role: RoleToAssume;
  readonly #writes = new WritesUnderWay();

  constructor(ctx: PortContext, identity: ClusterIdentity) {
    const { clusterId, clusterName, firstListId, roleArn } = identity;
    this.ctx = ctx;
    this.arn = clusterArn(ctx, { name: clusterName });
    this.#role = roleForNodes(roleArn);
    this.lists = new AttributeLists(ctx, clusterId, firstListId);
    this.schemas = new TableSchemas(ctx, () => this.dynamodb());
  }

  /** DynamoDB, as far as the cluster's role may use it. Rejects with AccessDeniedException if the role is not to be had. */
  async dynamodb(): Promise<ServiceClients["dynamodb"]> {
    try {
      return (await this.ctx.servicesAs(this.#role)).dynamodb;
    } catch (denial) {
      if (!(denial instanceof ServiceError)) throw denial;
      throw this.ctx.error("AccessDeniedException", denial.message);
    }
  }

  get sortedNodes(): Node[] {
    return [...this.nodes.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /**
   * Writes items, and then hands all nodes what is there now. `images` says it for each of them, in their order:
   * an item, `null` for none, undefined for nobody knows. A write that failed may have written.
   */
  async write<T>(
    items: readonly WrittenItem[],
    write: () => Promise<T>,
    images: (output: T) => readonly (FoundItem | null | undefined)[],
  ): Promise<T> {
    const keys = items.map(({ tableName, schema, key }) => cacheKey(tableName, key, schema));
    this.#writes.begin(keys);
    let answers: readonly (Buffer | undefined)[] = [];
    try {
      const output = await write();
      const found = images(output);
      answers = await Promise.all(
        items.map(async ({ schema }, index) => {
          const image = found[index];
          if (image === null) return noItem;
          return image && this.lists.encode((lists) => itemAnswer(plainItem(image), schema, lists));
        }),
      );
      return output;
    } finally {
      keys.forEach((key, index) => {
        const answer = this.#writes.end(key) ? answers[index] : undefined;
        for (const node of this.nodes.values()) node.items.written(key, answer);
      });
    }
  }
}

/** Names an item in the caches: its table and its key, however the client wrote it. */
export function cacheKey(tableName: string, key: Buffer, schema: KeySchema): string {
  return `i${tableName}\0${canonicalKey(key, schema).toString("latin1")}`;
}

/** The same for a key as DynamoDB says it. */
export function cacheKeyOf(tableName: string, key: Item, schema: KeySchema): string {
  return `i${tableName}\0${encodeKey(key, schema).toString("latin1")}`;
}
