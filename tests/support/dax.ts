import { after } from "node:test";
import official from "@amazon-dax-sdk/lib-dax";
import {
  CreateClusterCommand,
  DAXClient,
  DescribeClustersCommand,
  type Cluster,
  type CreateClusterCommandInput,
} from "@aws-sdk/client-dax";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDB,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import type { Tule } from "./tule.ts";
import { until } from "./until.ts";

/** AWS's client: documents as `put`, `get`; attribute values as `putItem`, `getItem`. */
export type DaxDocument = DynamoDBDocument &
  Pick<
    DynamoDB,
    | "getItem"
    | "putItem"
    | "updateItem"
    | "deleteItem"
    | "batchGetItem"
    | "batchWriteItem"
    | "query"
    | "scan"
    | "transactGetItems"
    | "transactWriteItems"
  > & { shutdown(): void };

interface DaxConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly requestTimeout: number;
}

/** Its own types leave out what it inherits from the client beneath. */
const { DaxDocument: OfficialClient } = official as unknown as {
  DaxDocument: new (config: DaxConfig) => DaxDocument;
};

const region = "us-east-1";

export function daxControl(tule: Tule, account: string): DAXClient {
  const client = new DAXClient({
    endpoint: tule.endpoint,
    region,
    credentials: { accessKeyId: account, secretAccessKey: "test" },
    maxAttempts: 1,
  });
  after(() => client.destroy());
  return client;
}

export const minimalCluster = {
  NodeType: "dax.t3.small",
  ReplicationFactor: 1,
  IamRoleArn: "arn:aws:iam::000000000000:role/DAX",
} satisfies Partial<CreateClusterCommandInput>;

/** A cluster that serves. */
export async function makeCluster(
  control: DAXClient,
  input: Partial<CreateClusterCommandInput> & { ClusterName: string },
): Promise<Cluster> {
  await control.send(new CreateClusterCommand({ ...minimalCluster, ...input }));
  return available(control, input.ClusterName);
}

/** The cluster as soon as nothing is under way any more. */
export function available(control: DAXClient, name: string): Promise<Cluster> {
  return until(
    async () => {
      const found = await control.send(new DescribeClustersCommand({ ClusterNames: [name] }));
      return found.Clusters![0]!;
    },
    ({ Status }) => Status === "available",
  );
}

export function daxClient(cluster: Cluster, account: string, secret = "test"): DaxDocument {
  const client = new OfficialClient({
    endpoint: cluster.ClusterDiscoveryEndpoint!.URL!,
    region,
    credentials: { accessKeyId: account, secretAccessKey: secret },
    // It may take a pooled connection that ended while idle, and then waits for this long before it tries again.
    requestTimeout: 2_000,
  });
  after(() => client.shutdown());
  return client;
}

export function makeTable(
  client: DynamoDBClient,
  TableName: string,
  [partition, sort]: readonly [string, string?],
  more: Partial<CreateTableCommandInput> = {},
): Promise<unknown> {
  const attributes = [partition, ...(sort === undefined ? [] : [sort])].map((text) => {
    const [AttributeName, AttributeType] = text.split(":") as [string, "S" | "N" | "B"];
    return { AttributeName, AttributeType };
  });
  return client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: attributes.map(({ AttributeName }, index) => ({
        AttributeName,
        KeyType: index === 0 ? "HASH" : "RANGE",
      })),
      ...more,
      AttributeDefinitions: [...attributes, ...(more.AttributeDefinitions ?? [])],
    }),
  );
}
