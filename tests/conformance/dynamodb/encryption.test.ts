import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  type SSESpecification,
  TransactGetItemsCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();

const tableOf = (TableName: string, SSESpecification: SSESpecification) => ({
  TableName,
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" as const }],
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" as const }],
  BillingMode: "PAY_PER_REQUEST" as const,
  SSESpecification,
});

const withKey = (KMSMasterKeyId: string): SSESpecification => ({
  Enabled: true,
  SSEType: "KMS",
  KMSMasterKeyId,
});

const describe = async (client: DynamoDBClient, TableName: string) =>
  (await client.send(new DescribeTableCommand({ TableName }))).Table!;

test("a table without a key of its own gets the AWS managed key of DynamoDB, which KMS knows", async () => {
  covers("dynamodb.CreateTable", "kms.DescribeKey");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const kms = kmsOf(tule, account);
  await makeTable(client, tableOf("managed", { Enabled: true }));
  const { SSEDescription } = await describe(client, "managed");
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/dynamodb" }));
  assert.equal(KeyMetadata!.KeyManager, "AWS");
  assert.deepEqual(SSEDescription, {
    Status: "ENABLED",
    SSEType: "KMS",
    KMSMasterKeyArn: KeyMetadata!.Arn,
  });
});

test("a table's key is named by id, ARN or alias, and shown by its ARN", async () => {
  covers("dynamodb.CreateTable", "dynamodb.UpdateTable");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const kms = kmsOf(tule, account);
  const [arn, other] = [await makeKey(kms), await makeKey(kms)];
  await kms.send(new CreateAliasCommand({ AliasName: "alias/tables", TargetKeyId: arn }));
  for (const [at, name] of [arn, arn.split("/")[1]!, "alias/tables"].entries()) {
    await makeTable(client, tableOf(`named-${at}`, withKey(name)));
    assert.equal((await describe(client, `named-${at}`)).SSEDescription!.KMSMasterKeyArn, arn);
  }
  await client.send(
    new UpdateTableCommand({ TableName: "named-0", SSESpecification: withKey(other) }),
  );
  const changed = await until(
    () => describe(client, "named-0"),
    ({ TableStatus }) => TableStatus === "ACTIVE",
  );
  assert.equal(changed.SSEDescription!.KMSMasterKeyArn, other);
});

test("a key that is not there, is disabled or is not symmetric encrypts no table", async () => {
  covers("dynamodb.CreateTable", "dynamodb.UpdateTable");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const kms = kmsOf(tule, account);
  const disabled = await makeKey(kms);
  await kms.send(new DisableKeyCommand({ KeyId: disabled }));
  const signer = await makeKey(kms, { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  const missing = "134f2428-cec1-4b25-a1ae-9048164dba47";
  await makeTable(client, tableOf("plain", { Enabled: false }));
  for (const [key, problem] of [
    [missing, `Key 'arn:aws:kms:us-east-1:${account}:key/${missing}' does not exist`],
    ["alias/none", `Alias arn:aws:kms:us-east-1:${account}:alias/none is not found.`],
    [disabled, `${disabled} is disabled.`],
    [signer, `${signer} is not a symmetric encryption key.`],
  ] as const) {
    const expected = `ValidationException: KMS validation error: ${problem}`;
    const create = new CreateTableCommand(tableOf("never", withKey(key)));
    assert.equal(await refusal(client.send(create)), expected);
    const update = new UpdateTableCommand({ TableName: "plain", SSESpecification: withKey(key) });
    assert.equal(await refusal(client.send(update)), expected);
  }
  await assert.rejects(describe(client, "never"), { name: "ResourceNotFoundException" });
});

test("while its key cannot be used, a table shows nothing; afterwards it is as it was", async () => {
  covers("dynamodb.GetItem", "dynamodb.PutItem", "dynamodb.Query", "dynamodb.Scan");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  const kms = kmsOf(tule, account);
  const KeyId = await makeKey(kms);
  const TableName = "guarded";
  await makeTable(client, tableOf(TableName, withKey(KeyId)));
  await makeTable(client, tableOf("open", { Enabled: true }));
  const Key = { id: { S: "a" } };
  await client.send(new PutItemCommand({ TableName, Item: { ...Key, n: { N: "1" } } }));
  const statusIs = (wanted: string) =>
    until(
      () => describe(client, TableName),
      ({ TableStatus }) => TableStatus === wanted,
    );
  const isInaccessible = async (): Promise<void> => {
    const table = await statusIs("INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    assert(table.SSEDescription!.InaccessibleEncryptionDateTime instanceof Date);
    const ExpressionAttributeValues = { ":id": { S: "a" } };
    const KeyConditionExpression = "id = :id";
    const attempts = [
      client.send(new GetItemCommand({ TableName, Key })),
      client.send(new PutItemCommand({ TableName, Item: Key })),
      client.send(new ScanCommand({ TableName })),
      client.send(
        new QueryCommand({ TableName, KeyConditionExpression, ExpressionAttributeValues }),
      ),
      client.send(new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key } }] })),
      client.send(new UpdateTableCommand({ TableName, SSESpecification: { Enabled: true } })),
    ];
    for (const attempt of attempts) {
      await assert.rejects(attempt, { name: "AccessDeniedException" });
    }
  };
  await kms.send(new DisableKeyCommand({ KeyId }));
  await isInaccessible();
  await client.send(new PutItemCommand({ TableName: "open", Item: Key }));
  await kms.send(new EnableKeyCommand({ KeyId }));
  const back = await statusIs("ACTIVE");
  assert.equal(back.SSEDescription!.InaccessibleEncryptionDateTime, undefined);
  const { Item } = await client.send(new GetItemCommand({ TableName, Key }));
  assert.deepEqual(Item, { ...Key, n: { N: "1" } });

  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await isInaccessible();
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
  await kms.send(new EnableKeyCommand({ KeyId }));
  await statusIs("ACTIVE");
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await isInaccessible();
  await client.send(new DeleteTableCommand({ TableName }));
});
