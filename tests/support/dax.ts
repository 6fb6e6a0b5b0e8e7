import { after } from "node:test";
import official from "@amazon-dax-sdk/lib-dax";
import {
  CreateClusterCommand,
  DAXClient,
  DescribeClustersCommand,
  type Cluster,
  type CreateClusterCommandInput,
} from "@aws-sdk/client-dax";
import { CreateRoleCommand, PutRolePolicyCommand, type IAMClient } from "@aws-sdk/client-iam";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDB,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import { allowing, iamOf, keysOf, policyOf, type Endpoint, type Keys } from "./iam.ts";
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
  readonly credentials: Keys;
  readonly requestTimeout: number;
}

/** Its own types leave out what it inherits from the client beneath. */
const { DaxDocument: OfficialClient } = official as unknown as {
  DaxDocument: new (config: DaxConfig) => DaxDocument;
};

const region = "us-east-1";

/** DAX's own API in an account where there is a role for clusters, which may do everything. */
export interface DaxControl extends DAXClient {
  readonly roleArn: string;
}

/** For whoever has the keys; an account's id stands for its root user. */
export function daxControlOf({ endpoint }: Endpoint, who: Keys | string): DAXClient {
  const client = new DAXClient({ endpoint, region, credentials: keysOf(who), maxAttempts: 1 });
  after(() => client.destroy());
  return client;
}

export async function daxControl(tule: Endpoint, who: Keys | string): Promise<DaxControl> {
  const client = daxControlOf(tule, who);
  const roleArn = await makeRole(iamOf(tule, who), "DAX", allowing("dynamodb:*"));
  return Object.assign(client, { roleArn });
}

/** A role for clusters that may do what the statements allow; its ARN. */
export async function makeRole(
  iam: IAMClient,
  RoleName: string,
  ...statements: readonly object[]
): Promise<string> {
  const AssumeRolePolicyDocument = policyOf({
    Effect: "Allow",
    Principal: { Service: "dax.amazonaws.com" },
    Action: "sts:AssumeRole",
  });
  const { Role: role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }),
  );
  await allowRole(iam, RoleName, ...statements);
  return role!.Arn!;
}

/** These statements are all that the role may do from now on. */
export async function allowRole(
  iam: IAMClient,
  RoleName: string,
  ...statements: readonly object[]
): Promise<void> {
  const PolicyDocument = policyOf(...statements);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
}

export function minimalCluster({ roleArn }: DaxControl) {
  return {
    NodeType: "dax.t3.small",
    ReplicationFactor: 1,
    IamRoleArn: roleArn,
  } satisfies Partial<CreateClusterCommandInput>;
}

/** A cluster that serves. */
export async function makeCluster(
  control: DaxControl,
  input: Partial<CreateClusterCommandInput> & { ClusterName: string },
): Promise<Cluster> {
  await control.send(new CreateClusterCommand({ ...minimalCluster(control), ...input }));
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

/** For whoever has the keys; an account's id stands for its root user. */
export function daxClient(cluster: Cluster, who: Keys | string): DaxDocument {
  const client = new OfficialClient({
    endpoint: cluster.ClusterDiscoveryEndpoint!.URL!,
    region,
    credentials: keysOf(who),
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
