import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CreateClusterCommand, type Cluster, type DAXClient } from "@aws-sdk/client-dax";
import { PutItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { realWorld } from "#world/real.ts";
import { covers } from "../../support/covers.ts";
import {
  allowRole,
  daxClient,
  daxControl,
  daxControlOf,
  makeCluster,
  makeRole,
  makeTable,
  minimalCluster,
  type DaxControl,
} from "../../support/dax.ts";
import { DaxWire, request } from "../../support/dax-wire.ts";
import { allowing, iamOf, makeUser, policyOf, stsOf, type Keys } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const TableName = "Songs";
const Key = { id: "1" };

interface Setting {
  readonly account: string;
  readonly control: DaxControl;
  readonly cluster: Cluster;
  readonly dynamodb: DynamoDBClient;
}

/** A cluster whose role may do everything, and a table behind it with one item. */
async function setUp(): Promise<Setting> {
  const account = tule.newAccount();
  const control = await daxControl(tule, account);
  const dynamodb = tule.dynamodb(account);
  const cluster = await makeCluster(control, { ClusterName: "songs" });
  await makeTable(dynamodb, TableName, ["id:S"]);
  await dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: "1" } } }));
  return { account, control, cluster, dynamodb };
}

const denied = (who: string, action: string, resource: string) => ({
  code: "AccessDeniedException",
  message: new RegExp(
    `User: ${who} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  ),
});

describe("who uses a cluster", () => {
  test("may do what its policies allow on the cluster, and needs nothing of DynamoDB's", async () => {
    const { account, cluster } = await setUp();
    const iam = iamOf(tule, account);
    const arn = cluster.ClusterArn!;
    const reader = await makeUser(
      iam,
      "reader",
      allowing(["dax:GetItem", "dax:Query", "dax:BatchGetItem"], arn),
    );
    const client = daxClient(cluster, reader);
    const user = `arn:aws:iam::${account}:user/reader`;
    assert.deepEqual((await client.get({ TableName, Key })).Item, Key);
    const KeyConditionExpression = "id = :id";
    const ExpressionAttributeValues = { ":id": "1" };
    const asked = { TableName, KeyConditionExpression, ExpressionAttributeValues };
    assert.equal((await client.query(asked)).Count, 1);
    await client.batchGet({ RequestItems: { [TableName]: { Keys: [Key] } } });
    const refused: [string, () => Promise<unknown>][] = [
      ["PutItem", () => client.put({ TableName, Item: Key })],
      ["DeleteItem", () => client.delete({ TableName, Key })],
      ["Scan", () => client.scan({ TableName })],
      [
        "BatchWriteItem",
        () => client.batchWrite({ RequestItems: { [TableName]: [{ PutRequest: { Item: Key } }] } }),
      ],
      [
        "UpdateItem",
        () =>
          client.update({
            TableName,
            Key,
            UpdateExpression: "SET a = :a",
            ExpressionAttributeValues: { ":a": 1 },
          }),
      ],
    ];
    for (const [operation, ask] of refused) {
      await assert.rejects(ask(), denied(user, `dax:${operation}`, arn), operation);
    }
  });

  test("is asked of cached items too, and of one cluster alone", async () => {
    const { account, cluster } = await setUp();
    const owner = daxClient(cluster, account);
    await owner.get({ TableName, Key });
    const iam = iamOf(tule, account);
    const elsewhere = cluster.ClusterArn!.replace("songs", "other");
    const stranger = await makeUser(iam, "stranger", allowing("dax:*", elsewhere));
    const client = daxClient(cluster, stranger);
    const user = `arn:aws:iam::${account}:user/stranger`;
    await assert.rejects(
      client.get({ TableName, Key }),
      denied(user, "dax:GetItem", cluster.ClusterArn!),
    );
  });

  test("needs the permission of each action in a transaction, which may be meant for them alone", async () => {
    const { account, cluster } = await setUp();
    const iam = iamOf(tule, account);
    const within = {
      ...allowing(["dax:PutItem", "dax:GetItem"], cluster.ClusterArn),
      Condition: {
        StringEquals: { "dax:EnclosingOperation": ["TransactWriteItems", "TransactGetItems"] },
      },
    };
    const client = daxClient(cluster, await makeUser(iam, "writer", within));
    const user = `arn:aws:iam::${account}:user/writer`;
    const put = { Put: { TableName, Item: { id: "2" } } };
    await client.transactWrite({ TransactItems: [put] });
    const read = await client.transactGet({
      TransactItems: [{ Get: { TableName, Key: { id: "2" } } }],
    });
    assert.deepEqual(read.Responses, [{ Item: { id: "2" } }]);
    await assert.rejects(
      client.put({ TableName, Item: Key }),
      denied(user, "dax:PutItem", cluster.ClusterArn!),
    );
    const check = {
      ConditionCheck: { TableName, Key, ConditionExpression: "attribute_exists(id)" },
    };
    await assert.rejects(
      client.transactWrite({ TransactItems: [put, check] }),
      denied(user, "dax:ConditionCheckItem", cluster.ClusterArn!),
    );
  });

  test("may come with the keys of a session, within what that was given", async () => {
    const { account, cluster } = await setUp();
    const iam = iamOf(tule, account);
    const AssumeRolePolicyDocument = policyOf({
      Effect: "Allow",
      Principal: { AWS: account },
      Action: "sts:AssumeRole",
    });
    await iam.send(new CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument }));
    await allowRole(iam, "app", allowing("dax:*", cluster.ClusterArn));
    const { Credentials: made } = await stsOf(tule, account).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${account}:role/app`,
        RoleSessionName: "one",
        Policy: policyOf(allowing("dax:GetItem")),
      }),
    );
    const keys: Keys = {
      accessKeyId: made!.AccessKeyId!,
      secretAccessKey: made!.SecretAccessKey!,
      sessionToken: made!.SessionToken!,
    };
    const client = daxClient(cluster, keys);
    assert.deepEqual((await client.get({ TableName, Key })).Item, Key);
    await assert.rejects(client.put({ TableName, Item: Key }), {
      code: "AccessDeniedException",
      message: /assumed-role\/app\/one .*because no session policy allows the dax:PutItem action/,
    });
    await iam.send(new DeleteRolePolicyCommand({ RoleName: "app", PolicyName: "own" }));
    await assert.rejects(client.get({ TableName, Key }), { code: "AccessDeniedException" });
    const port = cluster.ClusterDiscoveryEndpoint!.Port!;
    assert.deepEqual(await answerTo(port, { ...keys, sessionToken: "made up" }), notSignedIn);
  });
});

describe("a cluster's role", () => {
  test("decides what the cluster may do with the tables, whoever asks", async () => {
    covers("dax.CreateCluster");
    const account = tule.newAccount();
    const control = await daxControl(tule, account);
    const iam = iamOf(tule, account);
    const table = `arn:aws:dynamodb:us-east-1:${account}:table/${TableName}`;
    const reading = allowing(["dynamodb:DescribeTable", "dynamodb:GetItem"], table);
    const IamRoleArn = await makeRole(iam, "reading", reading);
    const cluster = await makeCluster(control, { ClusterName: "narrow", IamRoleArn });
    for (const name of [TableName, "Other"]) {
      await makeTable(tule.dynamodb(account), name, ["id:S"]);
    }
    const client = daxClient(cluster, account);
    const session = `arn:aws:sts::${account}:assumed-role/reading/\\w+`;
    assert.equal((await client.get({ TableName, Key })).Item, undefined);
    await assert.rejects(
      client.put({ TableName, Item: Key }),
      denied(session, "dynamodb:PutItem", table),
    );
    await assert.rejects(
      client.get({ TableName: "Other", Key }),
      denied(session, "dynamodb:DescribeTable", table.replace(TableName, "Other")),
    );
    // Both are asked at once, without a new connection.
    await allowRole(iam, "reading", reading, allowing("dynamodb:PutItem", table));
    await client.put({ TableName, Item: Key });
    assert.deepEqual((await client.get({ TableName, Key })).Item, Key);
    await iam.send(new DeleteRolePolicyCommand({ RoleName: "reading", PolicyName: "own" }));
    // What is cached needs no table.
    assert.deepEqual((await client.get({ TableName, Key })).Item, Key);
    await assert.rejects(
      client.get({ TableName, Key: { id: "2" } }),
      denied(session, "dynamodb:GetItem", table),
    );
  });

  test("must be there, must trust DAX, and must be the caller's to pass", async () => {
    covers("dax.CreateCluster");
    const account = tule.newAccount();
    const control = await daxControl(tule, account);
    const iam = iamOf(tule, account);
    const AssumeRolePolicyDocument = policyOf({
      Effect: "Allow",
      Principal: { Service: "ec2.amazonaws.com" },
      Action: "sts:AssumeRole",
    });
    await iam.send(new CreateRoleCommand({ RoleName: "EC2", AssumeRolePolicyDocument }));
    const create = (by: DAXClient, RoleName: string): Promise<unknown> =>
      by.send(
        new CreateClusterCommand({
          ...minimalCluster(control),
          ClusterName: "wanted",
          IamRoleArn: `arn:aws:iam::${account}:role/${RoleName}`,
        }),
      );
    for (const RoleName of ["missing", "EC2"]) {
      await assert.rejects(create(control, RoleName), {
        name: "InvalidParameterValueException",
        message: `No permission to assume role: arn:aws:iam::${account}:role/${RoleName}`,
      });
    }
    const user = await makeUser(iam, "maker", allowing("dax:*"));
    const client = daxControlOf(tule, user);
    await assert.rejects(create(client, "DAX"), {
      name: "AccessDeniedException",
      message: /not authorized to perform: iam:PassRole on resource: .*role\/DAX/,
    });
  });
});

test("a connection that has not signed in for minutes must do so anew", async () => {
  const world = realWorld();
  let aheadMs = 0;
  const { clock } = world;
  const elapsedMs = clock.elapsedMs.bind(clock);
  clock.elapsedMs = () => elapsedMs() + aheadMs;
  const server = await startTule({ world });
  const account = server.newAccount();
  const cluster = await makeCluster(await daxControl(server, account), { ClusterName: "wire" });
  const wire = new DaxWire(cluster.ClusterDiscoveryEndpoint!.Port!);
  wire.greet();
  const keys = { accessKeyId: account, secretAccessKey: "test" };
  wire.signIn(keys);
  assert.notEqual(await wire.listId(["a"]), undefined);
  aheadMs += 6 * 60_000;
  assert.equal(await wire.listId(["a"]), undefined);
  wire.signIn(keys);
  assert.notEqual(await wire.listId(["a"]), undefined);
  wire.socket.destroy();
});

test("a cluster has its role anew every few minutes, as long as the role trusts it", async () => {
  const server = await startTule();
  const account = server.newAccount();
  const control = await daxControl(server, account);
  const client = daxClient(await makeCluster(control, { ClusterName: "songs" }), account);
  await makeTable(server.dynamodb(account), TableName, ["id:S"]);
  const read = (id: string): Promise<unknown> => client.get({ TableName, Key: { id } });
  const wait = (minutes: number): void =>
    server.clock.moveTo(server.clock.nowMs() + minutes * 60_000);
  await read("1");
  wait(60);
  await read("2");
  const iam = iamOf(server, account);
  await iam.send(
    new UpdateAssumeRolePolicyCommand({
      RoleName: "DAX",
      PolicyDocument: policyOf({
        Effect: "Allow",
        Principal: { Service: "ec2.amazonaws.com" },
        Action: "sts:AssumeRole",
      }),
    }),
  );
  await read("3");
  wait(15);
  await assert.rejects(read("4"), {
    code: "AccessDeniedException",
    message:
      /dax.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: .*role\/DAX/,
  });
});

const notSignedIn = [4, 23, 31, 33];

/** The error's numbers that a read gets; undefined if it succeeds. */
async function answerTo(port: number, keys: Keys): Promise<unknown> {
  const wire = new DaxWire(port);
  wire.greet();
  wire.signIn(keys);
  wire.socket.write(
    request(263244906)
      .byteString(Buffer.from(TableName))
      .byteString(Buffer.from("1"))
      .null()
      .finish(),
  );
  const answer = await wire.answer(2);
  wire.socket.destroy();
  return answer?.codes;
}
