import assert from "node:assert/strict";
import test from "node:test";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteResourcePolicyCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  GetResourcePolicyCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { StreamsClient } from "../../support/dynamodb-streams.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const TableName = plainTable.TableName!;

/** A table of one account, and a client of another one. */
class Shared {
  readonly owner = tule.newAccount();
  readonly other = tule.newAccount();
  readonly ownerClient: DynamoDBClient = tule.dynamodb(this.owner);
  readonly otherClient: DynamoDBClient = tule.dynamodb(this.other);

  static async start(definition = plainTable): Promise<Shared> {
    const shared = new Shared();
    await makeTable(shared.ownerClient, definition);
    return shared;
  }

  arn(name = TableName): string {
    return `arn:aws:dynamodb:us-east-1:${this.owner}:table/${name}`;
  }

  /** Attaches a policy of one statement, which allows the other account what it says. */
  put(statement: object, ResourceArn = this.arn()): Promise<{ RevisionId?: string | undefined }> {
    return this.ownerClient.send(
      new PutResourcePolicyCommand({ ResourceArn, Policy: this.policy(statement) }),
    );
  }

  policy(statement: object): string {
    const Principal = { AWS: this.other };
    const whole = { Effect: "Allow", Principal, Action: "dynamodb:*", Resource: "*" };
    return JSON.stringify({ Version: "2012-10-17", Statement: { ...whole, ...statement } });
  }

  denied(action: string, resource = this.arn()): string {
    return (
      `AccessDeniedException: User: arn:aws:iam::${this.other}:root is not authorized to perform: ` +
      `${action} on resource: ${resource} because no resource-based policy allows the ${action} action`
    );
  }

  get(client = this.otherClient, pk = "a"): Promise<{ Item?: unknown }> {
    return client.send(new GetItemCommand({ TableName: this.arn(), Key: { pk: { S: pk } } }));
  }
}

test("a policy is kept by revisions until it is deleted", async () => {
  covers(
    "dynamodb.PutResourcePolicy",
    "dynamodb.GetResourcePolicy",
    "dynamodb.DeleteResourcePolicy",
  );
  const shared = await Shared.start();
  const { ownerClient } = shared;
  const ResourceArn = shared.arn();
  const get = (): Promise<{ Policy?: string | undefined; RevisionId?: string | undefined }> =>
    ownerClient.send(new GetResourcePolicyCommand({ ResourceArn }));
  const none = `PolicyNotFoundException: Resource-based policy not found for the provided ResourceArn: ${ResourceArn}`;
  assert.equal(await refusal(get()), none);
  const first = await shared.put({ Action: "dynamodb:GetItem" });
  const again = await shared.put({ Action: "dynamodb:GetItem" });
  assert.equal(again.RevisionId, first.RevisionId);
  const read = await get();
  assert.equal(read.Policy, shared.policy({ Action: "dynamodb:GetItem" }));
  assert.equal(read.RevisionId, first.RevisionId);
  const put = (ExpectedRevisionId: string): Promise<{ RevisionId?: string | undefined }> =>
    ownerClient.send(
      new PutResourcePolicyCommand({
        ResourceArn,
        Policy: shared.policy({ Action: "dynamodb:PutItem" }),
        ExpectedRevisionId,
      }),
    );
  assert.match(await refusal(put("NO_POLICY")), /^PolicyNotFoundException: .*expecting none/);
  assert.match(await refusal(put("17")), /^PolicyNotFoundException: .*revision id 17/);
  const second = await put(first.RevisionId!);
  assert.notEqual(second.RevisionId, first.RevisionId);
  const remove = (expected?: string): Promise<{ RevisionId?: string | undefined }> =>
    ownerClient.send(
      new DeleteResourcePolicyCommand({ ResourceArn, ExpectedRevisionId: expected }),
    );
  assert.match(await refusal(remove(first.RevisionId)), /^PolicyNotFoundException/);
  assert.equal((await remove()).RevisionId, second.RevisionId);
  assert.equal((await remove()).RevisionId, undefined);
  assert.equal(await refusal(get()), none);
  assert.equal(await refusal(remove("1")), none);
});

// Messages: ack-api-quirks, DDB-TABLE-212 and 442.
test("what cannot be attached is refused in AWS's words", async () => {
  covers("dynamodb.PutResourcePolicy", "dynamodb.GetResourcePolicy");
  const shared = await Shared.start(indexedTable);
  const arn = shared.arn("indexed");
  const get = (ResourceArn: string): Promise<string> =>
    refusal(shared.ownerClient.send(new GetResourcePolicyCommand({ ResourceArn })));
  const invalid = "ValidationException: One or more parameter values were invalid: ";
  assert.equal(await get("indexed"), `${invalid}ARNs must start with 'arn:': indexed`);
  assert.equal(
    await get(`${arn}/index/by-g`),
    `${invalid}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}/index/by-g`,
  );
  const elsewhere = arn.replace("us-east-1", "eu-west-1");
  assert.equal(await get(elsewhere), `${invalid}Invalid resource Arn: ${elsewhere}`);
  const ofOther = arn.replace(shared.owner, shared.other);
  assert.equal(
    await get(ofOther),
    "ValidationException: This action is only supported by accounts that match the resource owner’s account.",
  );
  assert.equal(
    await get(`${arn}-missing`),
    "ResourceNotFoundException: Requested resource not found: Table: indexed-missing not found",
  );
  const label = "2000-01-01T00:00:00.000";
  assert.equal(
    await get(`${arn}/stream/${label}`),
    `ResourceNotFoundException: Requested resource not found: Stream: ${label} not found for Table: indexed`,
  );
  const put = (statement: object): Promise<string> => refusal(shared.put(statement, arn));
  const document = `${invalid}Invalid policy document: `;
  assert.equal(
    await put({ Action: "dynamodb:ListStreams" }),
    `${document}The following action names are invalid: "dynamodb:ListStreams"`,
  );
  assert.equal(
    await put({ Resource: shared.arn("another") }),
    `${document}The relative-id "table/another" is invalid for ARN "${shared.arn("another")}"`,
  );
  assert.equal(await put({ Resource: undefined }), `${document}Missing required field Resource`);
  assert.equal(
    await put({ Principal: { AWS: "nobody" } }),
    "ValidationException: Invalid principal in policy document.",
  );
  assert.equal(
    await put({ Sid: "x".repeat(21_000) }),
    `${invalid}Maximum policy size of 20480 bytes exceeded`,
  );
  const unbounded =
    "ValidationException: Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure least-privilege form of access";
  assert.equal(await put({ Principal: "*" }), unbounded);
  const bounded = { StringEquals: { "aws:PrincipalAccount": shared.other } };
  await shared.put({ Principal: "*", Condition: bounded }, arn);
  const negated = { StringNotEquals: { "aws:PrincipalAccount": shared.other } };
  assert.equal(await put({ Principal: "*", Condition: negated }), unbounded);
  const broken = new PutResourcePolicyCommand({ ResourceArn: arn, Policy: "{" });
  assert.equal(
    await refusal(shared.ownerClient.send(broken)),
    `${document}This policy contains invalid Json`,
  );
});

test("another account may do what the table's policy allows, and nothing else", async () => {
  covers(
    ...(["dynamodb.PutResourcePolicy", "dynamodb.GetItem", "dynamodb.PutItem"] as const),
    ...(["dynamodb.UpdateItem", "dynamodb.DeleteItem", "dynamodb.DescribeTable"] as const),
  );
  const shared = await Shared.start();
  const { otherClient, ownerClient } = shared;
  assert.equal(await refusal(shared.get()), shared.denied("dynamodb:GetItem"));
  await shared.put({ Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"] });
  const TableName = shared.arn();
  const Item = { pk: { S: "a" }, note: { S: "from the other" } };
  await otherClient.send(new PutItemCommand({ TableName, Item }));
  assert.deepEqual((await shared.get()).Item, Item);
  assert.deepEqual((await shared.get(ownerClient)).Item, Item);
  await otherClient.send(
    new UpdateItemCommand({
      TableName,
      Key: { pk: { S: "a" } },
      UpdateExpression: "SET note = :n",
      ExpressionAttributeValues: { ":n": { S: "changed" } },
    }),
  );
  const deletion = new DeleteItemCommand({ TableName, Key: { pk: { S: "a" } } });
  assert.equal(await refusal(otherClient.send(deletion)), shared.denied("dynamodb:DeleteItem"));
  const description = new DescribeTableCommand({ TableName });
  assert.equal(
    await refusal(otherClient.send(description)),
    shared.denied("dynamodb:DescribeTable"),
  );
  await shared.put({ Action: "dynamodb:DescribeTable" });
  const { Table } = await otherClient.send(description);
  assert.equal(Table?.ItemCount, 1);
  assert.equal(Table.TableArn, TableName);
  assert.equal(await refusal(shared.get()), shared.denied("dynamodb:GetItem"));
  await ownerClient.send(new DeleteResourcePolicyCommand({ ResourceArn: TableName }));
  assert.equal(
    await refusal(otherClient.send(description)),
    shared.denied("dynamodb:DescribeTable"),
  );
  // A missing table is denied like one that is not shared.
  const missing = new GetItemCommand({ TableName: shared.arn("missing"), Key: { pk: { S: "a" } } });
  assert.equal(
    await refusal(otherClient.send(missing)),
    shared.denied("dynamodb:GetItem", shared.arn("missing")),
  );
});

test("a Deny holds for the owner's root as well, who can always delete the policy", async () => {
  covers("dynamodb.PutResourcePolicy", "dynamodb.DeleteResourcePolicy", "dynamodb.GetItem");
  const shared = await Shared.start();
  const { ownerClient, owner } = shared;
  const statement = { Effect: "Deny", Principal: { AWS: owner } };
  const byName = (): Promise<unknown> =>
    ownerClient.send(new GetItemCommand({ TableName, Key: { pk: { S: "a" } } }));
  await byName();
  await shared.put({ ...statement, Action: "dynamodb:GetItem" });
  const denied = `AccessDeniedException: User: arn:aws:iam::${owner}:root is not authorized to perform: dynamodb:GetItem on resource: ${shared.arn()} with an explicit deny in a resource-based policy`;
  assert.equal(await refusal(byName()), denied);
  assert.equal(await refusal(shared.get(ownerClient)), denied);
  await ownerClient.send(new PutItemCommand({ TableName, Item: { pk: { S: "a" } } }));
  assert.match(await refusal(shared.put(statement)), /set ConfirmRemoveSelfResourceAccess/);
  await ownerClient.send(
    new PutResourcePolicyCommand({
      ResourceArn: shared.arn(),
      Policy: shared.policy(statement),
      ConfirmRemoveSelfResourceAccess: true,
    }),
  );
  assert.match(await refusal(shared.put({ Effect: "Allow" })), /^AccessDeniedException/);
  await ownerClient.send(new DeleteResourcePolicyCommand({ ResourceArn: shared.arn() }));
  await byName();
});

test("indexes are resources of their own", async () => {
  covers("dynamodb.Query", "dynamodb.Scan", "dynamodb.PutResourcePolicy");
  const shared = await Shared.start(indexedTable);
  const arn = shared.arn("indexed");
  await shared.put(
    { Action: ["dynamodb:Query", "dynamodb:Scan"], Resource: `${arn}/index/by-g` },
    arn,
  );
  const query = (IndexName: string): Promise<{ Count?: number | undefined }> =>
    shared.otherClient.send(
      new QueryCommand({
        TableName: arn,
        IndexName,
        KeyConditionExpression: "#k = :v",
        ExpressionAttributeNames: { "#k": IndexName.slice(3) },
        ExpressionAttributeValues: { ":v": IndexName === "by-h" ? { N: "1" } : { S: "x" } },
      }),
    );
  assert.equal((await query("by-g")).Count, 0);
  assert.equal(await refusal(query("by-h")), shared.denied("dynamodb:Query", `${arn}/index/by-h`));
  const scan = new ScanCommand({ TableName: arn });
  assert.equal(await refusal(shared.otherClient.send(scan)), shared.denied("dynamodb:Scan", arn));
});

// Source: Developer Guide, specifying-conditions.
test("conditions on keys, attributes and what is returned are obeyed", async () => {
  covers("dynamodb.PutResourcePolicy", "dynamodb.GetItem", "dynamodb.BatchGetItem");
  const shared = await Shared.start();
  const TableName = shared.arn();
  const send = (command: unknown): Promise<unknown> => shared.otherClient.send(command as never);
  const Key = { pk: { S: "mine" } };
  await shared.put({
    Condition: { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["mine"] } },
  });
  await send(new GetItemCommand({ TableName, Key }));
  await send(new PutItemCommand({ TableName, Item: { ...Key, a: { S: "1" }, b: { S: "2" } } }));
  const yours = { pk: { S: "yours" } };
  assert.equal(await refusal(shared.get()), shared.denied("dynamodb:GetItem"));
  const batch = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [Key, yours] } } });
  assert.equal(await refusal(send(batch)), shared.denied("dynamodb:BatchGetItem"));
  const query = (pk: string): QueryCommand =>
    new QueryCommand({
      TableName,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: pk } },
    });
  await send(query("mine"));
  assert.equal(await refusal(send(query("yours"))), shared.denied("dynamodb:Query"));
  const write = new TransactWriteItemsCommand({
    TransactItems: [{ Put: { TableName, Item: Key } }, { Delete: { TableName, Key: yours } }],
  });
  assert.equal(await refusal(send(write)), shared.denied("dynamodb:DeleteItem"));

  await shared.put({
    Condition: {
      "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "a"] },
      StringEqualsIfExists: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
    },
  });
  const projected = (ProjectionExpression?: string): GetItemCommand =>
    new GetItemCommand({ TableName, Key, ProjectionExpression });
  assert.deepEqual((await shared.otherClient.send(projected("a"))).Item, { a: { S: "1" } });
  assert.equal(await refusal(send(projected("a, b"))), shared.denied("dynamodb:GetItem"));
  assert.equal(await refusal(send(projected())), shared.denied("dynamodb:GetItem"));

  await shared.put({
    Condition: { StringEquals: { "dynamodb:EnclosingOperation": "TransactWriteItems" } },
  });
  const Item = { pk: { S: "c" } };
  await send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item } }] }));
  const put = new PutItemCommand({ TableName, Item });
  assert.equal(await refusal(send(put)), shared.denied("dynamodb:PutItem"));
  await shared.put({ Condition: { StringEquals: { "dynamodb:ReturnValues": ["NONE"] } } });
  await send(put);
  const returning = new PutItemCommand({ TableName, Item, ReturnValues: "ALL_OLD" });
  assert.equal(await refusal(send(returning)), shared.denied("dynamodb:PutItem"));
});

test("batches and transactions reach into tables of several accounts", async () => {
  covers(
    ...(["dynamodb.BatchWriteItem", "dynamodb.BatchGetItem"] as const),
    ...(["dynamodb.TransactWriteItems", "dynamodb.TransactGetItems"] as const),
  );
  const shared = await Shared.start();
  const { otherClient, ownerClient } = shared;
  await makeTable(otherClient, plainTable);
  const theirs = shared.arn();
  const PutRequest = (pk: string): object => ({ PutRequest: { Item: { pk: { S: pk } } } });
  const batch = (): Promise<unknown> =>
    otherClient.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [PutRequest("own")],
          [theirs]: [PutRequest("theirs")],
        },
      }),
    );
  assert.equal(await refusal(batch()), shared.denied("dynamodb:BatchWriteItem"));
  const scan = async (client: DynamoDBClient): Promise<string> => {
    const { Items } = await client.send(new ScanCommand({ TableName }));
    return Items!
      .map((item) => item["pk"]!.S!)
      .toSorted((one, other) => (one < other ? -1 : 1))
      .join(" ");
  };
  assert.equal(await scan(otherClient), "");
  await shared.put({});
  await batch();
  assert.equal(await scan(otherClient), "own");
  assert.equal(await scan(ownerClient), "theirs");
  await otherClient.send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { Put: { TableName, Item: { pk: { S: "own 2" } } } },
        { Put: { TableName: theirs, Item: { pk: { S: "theirs 2" } } } },
      ],
    }),
  );
  assert.equal(await scan(otherClient), "own own 2");
  assert.equal(await scan(ownerClient), "theirs theirs 2");
  const got = await otherClient.send(
    new TransactGetItemsCommand({
      TransactItems: [
        { Get: { TableName, Key: { pk: { S: "own" } } } },
        { Get: { TableName: theirs, Key: { pk: { S: "theirs 2" } } } },
      ],
    }),
  );
  assert.deepEqual(
    got.Responses!.map(({ Item }) => Item?.["pk"]?.S),
    ["own", "theirs 2"],
  );
  const keys = (pk: string): object => ({ Keys: [{ pk: { S: pk } }] });
  const answer = await otherClient.send(
    new BatchGetItemCommand({
      RequestItems: { [TableName]: keys("own"), [theirs]: keys("theirs") } as never,
    }),
  );
  assert.deepEqual(answer.Responses![theirs], [{ pk: { S: "theirs" } }]);
  assert.deepEqual(answer.Responses![TableName], [{ pk: { S: "own" } }]);
});

// Source: Developer Guide, rbac-iam-actions.
test("some operations are never open to other accounts", async () => {
  covers("dynamodb.UpdateTimeToLive", "dynamodb.ExecuteStatement", "dynamodb.ListTagsOfResource");
  const shared = await Shared.start();
  await shared.put({});
  const timeToLive = new UpdateTimeToLiveCommand({
    TableName: shared.arn(),
    TimeToLiveSpecification: { Enabled: true, AttributeName: "ttl" },
  });
  assert.equal(
    await refusal(shared.otherClient.send(timeToLive)),
    shared.denied("dynamodb:UpdateTimeToLive"),
  );
  const statement = new ExecuteStatementCommand({ Statement: `SELECT * FROM "${shared.arn()}"` });
  assert.equal(
    await refusal(shared.otherClient.send(statement)),
    shared.denied("dynamodb:PartiQLSelect"),
  );
  const created = new CreateTableCommand({ ...plainTable, TableName: shared.arn("new") });
  assert.equal(
    await refusal(shared.otherClient.send(created)),
    shared.denied("dynamodb:CreateTable", shared.arn("new")),
  );
  const tags = new ListTagsOfResourceCommand({ ResourceArn: shared.arn() });
  assert.deepEqual((await shared.otherClient.send(tags)).Tags, []);
});

test("a table can be created with its policy", async () => {
  covers("dynamodb.CreateTable", "dynamodb.GetResourcePolicy");
  const shared = new Shared();
  const ResourcePolicy = shared.policy({ Action: "dynamodb:GetItem" });
  await makeTable(shared.ownerClient, { ...plainTable, ResourcePolicy });
  assert.equal((await shared.get()).Item, undefined);
  const { Policy } = await shared.ownerClient.send(
    new GetResourcePolicyCommand({ ResourceArn: shared.arn() }),
  );
  assert.equal(Policy, ResourcePolicy);
  const bad = { ...plainTable, TableName: "bad", ResourcePolicy: "{" };
  assert.match(
    await refusal(shared.ownerClient.send(new CreateTableCommand(bad))),
    /This policy contains invalid Json/,
  );
});

test("a stream has a policy of its own", async () => {
  covers(
    ...(["dynamodb.PutResourcePolicy", "dynamodbstreams.DescribeStream"] as const),
    ...(["dynamodbstreams.GetShardIterator", "dynamodbstreams.GetRecords"] as const),
  );
  const shared = await Shared.start({
    ...plainTable,
    StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
  });
  const [arn] = await new StreamsClient(tule, shared.owner).list();
  const reader = new StreamsClient(tule, shared.other);
  await shared.ownerClient.send(new PutItemCommand({ TableName, Item: { pk: { S: "a" } } }));
  await shared.put({});
  await assert.rejects(reader.read(arn!), /AccessDenied|not authorized/);
  assert.equal(
    await refusal(shared.put({ Action: "dynamodb:GetItem" }, arn)),
    'ValidationException: One or more parameter values were invalid: Invalid policy document: The following action names are invalid: "dynamodb:GetItem"',
  );
  const actions = ["DescribeStream", "GetShardIterator", "GetRecords"];
  await shared.put({ Action: actions.map((name) => `dynamodb:${name}`) }, arn);
  const [record] = await reader.read(arn!);
  assert.deepEqual(record!.dynamodb.Keys, { pk: { S: "a" } });
});
