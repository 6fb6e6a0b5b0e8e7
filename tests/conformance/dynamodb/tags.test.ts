import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const invalid = "One or more parameter values were invalid: ";
const TableName = "Music";

async function startTable(tags?: Tag[]): Promise<{ client: DynamoDBClient; arn: string }> {
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  await createTable(client, tags);
  return { client, arn: `arn:aws:dynamodb:us-east-1:${account}:table/${TableName}` };
}

async function createTable(client: DynamoDBClient, Tags: Tag[] | undefined): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      Tags,
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 5, minDelay: 0.01 }, { TableName });
}

async function tagsOf(client: DynamoDBClient, ResourceArn: string): Promise<Tag[] | undefined> {
  const answer = await client.send(new ListTagsOfResourceCommand({ ResourceArn }));
  assert.equal(answer.NextToken, undefined);
  return answer.Tags;
}

test("tags are added, replaced and taken away by key", async () => {
  covers("dynamodb.TagResource", "dynamodb.UntagResource", "dynamodb.ListTagsOfResource");
  const { client, arn } = await startTable();
  assert.deepEqual(await tagsOf(client, arn), []);
  const tag = (Tags: Tag[]) => client.send(new TagResourceCommand({ ResourceArn: arn, Tags }));
  await tag([
    { Key: "team", Value: "blue" },
    { Key: "7", Value: "" },
  ]);
  await tag([
    { Key: "team", Value: "red" },
    { Key: "ключ", Value: "a+b-c=d.e_f:g/h@i" },
  ]);
  assert.deepEqual(
    new Map((await tagsOf(client, arn))?.map(({ Key, Value }) => [Key, Value])),
    new Map([
      ["7", ""],
      ["team", "red"],
      ["ключ", "a+b-c=d.e_f:g/h@i"],
    ]),
  );
  const TagKeys = ["team", "7", "nobody"];
  await client.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys }));
  assert.deepEqual(await tagsOf(client, arn), [{ Key: "ключ", Value: "a+b-c=d.e_f:g/h@i" }]);
});

test("a table may be born with tags, and takes them to its grave", async () => {
  covers("dynamodb.CreateTable", "dynamodb.ListTagsOfResource");
  const { client, arn } = await startTable([{ Key: "team", Value: "blue" }]);
  assert.deepEqual(await tagsOf(client, arn), [{ Key: "team", Value: "blue" }]);
  await client.send(new DeleteTableCommand({ TableName }));
  await waitUntilTableNotExists({ client, maxWaitTime: 5, minDelay: 0.01 }, { TableName });
  await createTable(client, undefined);
  assert.deepEqual(await tagsOf(client, arn), []);
});

test("a table has at most fifty tags", async () => {
  covers("dynamodb.TagResource", "dynamodb.ListTagsOfResource");
  const fifty = Array.from({ length: 50 }, (_, at) => ({ Key: `key-${at}`, Value: "a" }));
  const { client, arn } = await startTable(fifty);
  assert.equal((await tagsOf(client, arn))?.length, 50);
  await client.send(
    new TagResourceCommand({ ResourceArn: arn, Tags: [{ Key: "key-7", Value: "b" }] }),
  );
  await assert.rejects(
    client.send(
      new TagResourceCommand({ ResourceArn: arn, Tags: [{ Key: "one-more", Value: "b" }] }),
    ),
    {
      name: "ValidationException",
      message: "Number of Tags exceed the current limit for the provided ResourceArn",
    },
  );
});

test("tags that are not well formed are refused, and none of the request is stored", async () => {
  covers("dynamodb.TagResource", "dynamodb.UntagResource");
  const { client, arn } = await startTable();
  const refuses = (Tags: Tag[], message: string) =>
    assert.rejects(client.send(new TagResourceCommand({ ResourceArn: arn, Tags: [...Tags] })), {
      name: "ValidationException",
      message,
    });
  const good = { Key: "good", Value: "tag" };
  await refuses([], "Atleast one Tag needs to be provided as Input.");
  await refuses(
    [good, { Key: "aws:zzz", Value: "x" }],
    "Tag Key cannot be prefixed with aws:, Key: aws:zzz",
  );
  await refuses([good, { Key: "a,b", Value: "x" }], "The Tag Key provided is invalid, Key: a,b");
  await refuses(
    [good, { Key: "key", Value: "100%" }],
    "The Tag Value provided is invalid, Value: 100%",
  );
  await refuses([good, good], "Duplicate Tag Keys provided as input: Duplicate Tag Key found good");
  await assert.rejects(client.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: [] })), {
    name: "ValidationException",
    message: "Atleast one Tag Key needs to be provided as Input.",
  });
  assert.deepEqual(await tagsOf(client, arn), []);
});

test("only a table's ARN has tags", async () => {
  covers("dynamodb.ListTagsOfResource");
  const { client, arn } = await startTable();
  const refuses = (ResourceArn: string, message: string, name = "ValidationException") =>
    assert.rejects(client.send(new ListTagsOfResourceCommand({ ResourceArn })), { name, message });
  await refuses("Music", `${invalid}ARNs must start with 'arn:': Music`);
  const topic = "arn:aws:sns:us-east-1:111111111111:topic";
  await refuses(topic, `${invalid}Provided Arn is not a DynamoDB resource arn: ${topic}`);
  await refuses(
    `${arn}/index/by-genre`,
    `${invalid}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}/index/by-genre`,
  );
  const elsewhere = arn.replace("us-east-1", "eu-west-1");
  await refuses(elsewhere, `Invalid TableArn: Invalid ResourceArn provided as input ${elsewhere}`);
  await refuses(
    `${arn}x`,
    `Requested resource not found: ResourcArn: ${arn}x not found`,
    "ResourceNotFoundException",
  );
});
