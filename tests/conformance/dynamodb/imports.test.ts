import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  DescribeExportCommand,
  DescribeImportCommand,
  type DynamoDBClient,
  ExportTableToPointInTimeCommand,
  ImportTableCommand,
  type ImportTableCommandInput,
  type ImportTableDescription,
  ListImportsCommand,
  PutItemCommand,
  type TableCreationParameters,
} from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import {
  checkCounts,
  contentsOf,
  describeTable,
  setRecovery,
  untilActive,
} from "../../support/dynamodb-restores.ts";
import { indexedTable, makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

/*
 * What is refused, what becomes of bad lines and what is shown is AWS's, as it was measured in October 2026
 * (ack-api-quirks, DDB-IMPORT-001 to 020).
 */

const tule = await startTule();

class Importing {
  readonly account = tule.newAccount();
  readonly client: DynamoDBClient = tule.dynamodb(this.account);
  readonly s3: S3Client = tule.s3(this.account);
  readonly bucket = newBucket();

  static async start(): Promise<Importing> {
    const importing = new Importing();
    await importing.s3.send(new CreateBucketCommand({ Bucket: importing.bucket }));
    return importing;
  }

  put(Key: string, Body: string | Buffer): Promise<unknown> {
    return this.s3.send(new PutObjectCommand({ Bucket: this.bucket, Key, Body }));
  }

  async begin(input: Partial<ImportTableCommandInput> = {}): Promise<ImportTableDescription> {
    const command = new ImportTableCommand({
      S3BucketSource: { S3Bucket: this.bucket },
      InputFormat: "DYNAMODB_JSON",
      TableCreationParameters: plainTable as TableCreationParameters,
      ...input,
    });
    return (await this.client.send(command)).ImportTableDescription!;
  }

  ended(ImportArn: string): Promise<ImportTableDescription> {
    return until(
      async () =>
        (await this.client.send(new DescribeImportCommand({ ImportArn }))).ImportTableDescription!,
      ({ ImportStatus }) => ImportStatus !== "IN_PROGRESS",
    );
  }

  async import(input: Partial<ImportTableCommandInput> = {}): Promise<ImportTableDescription> {
    return this.ended((await this.begin(input)).ImportArn!);
  }

  contents(): Promise<string[]> {
    return contentsOf(this.client, "plain");
  }
}

const jsonLines = (count: number, first = 0): string =>
  Array.from({ length: count }, (_, at) =>
    JSON.stringify({ Item: { pk: { S: `item ${first + at}` }, n: { N: "1.0" } } }),
  ).join("\n");

test("a table is made of the objects under a prefix", async () => {
  covers("dynamodb.ImportTable", "dynamodb.DescribeImport");
  const importing = await Importing.start();
  await importing.put("data/1.json", jsonLines(250));
  await importing.put("data/2.json", `${jsonLines(100, 200)}\n`);
  await importing.put("other/1.json", jsonLines(5, 1_000));
  const S3BucketSource = { S3Bucket: importing.bucket, S3KeyPrefix: "data" };
  const begun = await importing.begin({ S3BucketSource });
  assert.equal(begun.ImportStatus, "IN_PROGRESS");
  assert.match(begun.ImportArn!, /:table\/plain\/import\/\d{14}-[0-9a-f]{8}$/);
  assert.deepEqual(begun.S3BucketSource, { ...S3BucketSource, S3BucketOwner: importing.account });
  assert.equal(begun.InputCompressionType, "NONE");
  const ended = await importing.ended(begun.ImportArn!);
  assert.equal(ended.ImportStatus, "COMPLETED");
  assert.equal(ended.ProcessedItemCount, 350);
  assert.equal(ended.ImportedItemCount, 350);
  assert.equal(ended.ErrorCount, 0);
  const contents = await importing.contents();
  assert.equal(contents.length, 300);
  assert.equal(contents[0], `{"n":{"N":"1"},"pk":{"S":"item 0"}}`);
  const table = await describeTable(importing.client, "plain");
  assert.equal(table.TableStatus, "ACTIVE");
  assert.equal(table.TableId, begun.TableId);
  await checkCounts(importing.client, "plain");
});

test("CSV has strings, and keys of their types; names come from the first line or from the request", async () => {
  covers("dynamodb.ImportTable");
  const importing = await Importing.start();
  await importing.put("1.csv", 'pk,sk,g,text\np,1,one,"a, ""b""\nc"\np,2,,\n');
  const parameters = { ...indexedTable, TableName: "plain" };
  const TableCreationParameters: TableCreationParameters = {
    TableName: "plain",
    KeySchema: parameters.KeySchema!,
    AttributeDefinitions: parameters.AttributeDefinitions!.slice(0, 3),
    BillingMode: "PAY_PER_REQUEST",
    GlobalSecondaryIndexes: parameters.GlobalSecondaryIndexes!.slice(0, 1),
  };
  const ended = await importing.import({ InputFormat: "CSV", TableCreationParameters });
  assert.equal(ended.ImportStatus, "COMPLETED", JSON.stringify(ended));
  assert.equal(ended.InputFormatOptions, undefined);
  assert.deepEqual(await importing.contents(), [
    `{"g":{"S":"one"},"pk":{"S":"p"},"sk":{"N":"1"},"text":{"S":"a, \\"b\\"\\nc"}}`,
    `{"pk":{"S":"p"},"sk":{"N":"2"},"text":{"S":""}}`,
  ]);
  assert.equal((await contentsOf(importing.client, "plain", "by-g")).length, 1);
  await importing.put("2.csv", "a;1\nb;2");
  const options = { Csv: { Delimiter: ";", HeaderList: ["pk", "val"] } };
  const second = await importing.import({
    S3BucketSource: { S3Bucket: importing.bucket, S3KeyPrefix: "2" },
    InputFormat: "CSV",
    InputFormatOptions: options,
    TableCreationParameters: { ...plainTable, TableName: "second" } as TableCreationParameters,
  });
  assert.equal(second.ImportStatus, "COMPLETED");
  assert.deepEqual(second.InputFormatOptions, options);
  assert.deepEqual(await contentsOf(importing.client, "second"), [
    `{"pk":{"S":"a"},"val":{"S":"1"}}`,
    `{"pk":{"S":"b"},"val":{"S":"2"}}`,
  ]);
});

test("objects may be compressed, in Ion, and exported from another table", async () => {
  covers("dynamodb.ImportTable", "dynamodb.ExportTableToPointInTime");
  const importing = await Importing.start();
  const { client } = importing;
  await makeTable(client, { ...plainTable, TableName: "source" });
  await setRecovery(client, "source", true);
  const Item = {
    pk: { S: "a" },
    n: { N: "600" },
    set: { NS: ["1", "2.5"] },
    b: { B: Buffer.from("ab") },
    m: { M: { l: { L: [{ NULL: true as const }, { BOOL: false }] } } },
  };
  await client.send(new PutItemCommand({ TableName: "source", Item }));
  const source = await describeTable(client, "source");
  for (const ExportFormat of ["DYNAMODB_JSON", "ION"] as const) {
    const { ExportDescription } = await client.send(
      new ExportTableToPointInTimeCommand({
        TableArn: source.TableArn!,
        S3Bucket: importing.bucket,
        S3Prefix: ExportFormat,
        ExportFormat,
      }),
    );
    const ExportArn = ExportDescription!.ExportArn!;
    const { ExportManifest } = await until(
      async () => (await client.send(new DescribeExportCommand({ ExportArn }))).ExportDescription!,
      ({ ExportStatus }) => ExportStatus === "COMPLETED",
    );
    const TableName = `from-${ExportFormat}`;
    const ended = await importing.import({
      S3BucketSource: {
        S3Bucket: importing.bucket,
        S3KeyPrefix: ExportManifest!.replace("manifest-summary.json", "data/"),
      },
      InputFormat: ExportFormat,
      InputCompressionType: "GZIP",
      TableCreationParameters: { ...plainTable, TableName } as TableCreationParameters,
    });
    assert.equal(ended.ImportStatus, "COMPLETED", JSON.stringify(ended));
    assert.deepEqual(await contentsOf(client, TableName), await contentsOf(client, "source"));
  }
  await importing.put("zstd", zstdCompressSync(jsonLines(3)));
  const ended = await importing.import({
    S3BucketSource: { S3Bucket: importing.bucket, S3KeyPrefix: "zstd" },
    InputCompressionType: "ZSTD",
  });
  assert.equal(ended.ImportStatus, "COMPLETED");
  assert.equal((await importing.contents()).length, 3);
});

test("bad lines make an import fail, and the good ones are there", async () => {
  covers("dynamodb.ImportTable", "dynamodb.DescribeImport");
  const failed = async (
    body: string | Buffer,
    input: Partial<ImportTableCommandInput> = {},
  ): Promise<(number | undefined)[]> => {
    const importing = await Importing.start();
    await importing.put("data", body);
    const ended = await importing.import(input);
    assert.equal(ended.ImportStatus, "FAILED");
    assert.equal(ended.FailureCode, "ItemValidationError");
    await untilActive(importing.client, "plain");
    assert.equal((await importing.contents()).length, ended.ImportedItemCount);
    return [ended.ProcessedItemCount, ended.ImportedItemCount, ended.ErrorCount];
  };
  const lines = jsonLines(10).split("\n");
  const withLine = (line: string): string => lines.toSpliced(5, 1, line).join("\n");
  // Recorded by ack-api-quirks, DDB-IMPORT-013 to 015 and 020.
  assert.deepEqual(await failed(withLine('{"Item":{"n":{"N":"1"}}}')), [10, 9, 1]);
  assert.deepEqual(await failed(withLine("not JSON")), [6, 5, 1]);
  assert.deepEqual(await failed(jsonLines(3), { InputCompressionType: "GZIP" }), [1, 0, 1]);
  assert.deepEqual(await failed(gzipSync(jsonLines(3))), [1, 0, 1]);
  assert.deepEqual(await failed(withLine('{"Item":{"pk":{"S":""}}}')), [10, 9, 1]);
});

test("no bucket leaves no table, an empty prefix an empty one", async () => {
  covers("dynamodb.ImportTable", "dynamodb.DescribeImport");
  const importing = await Importing.start();
  const failed = await importing.import({ S3BucketSource: { S3Bucket: "no-such-bucket-at-all" } });
  assert.equal(failed.ImportStatus, "FAILED");
  assert.equal(failed.FailureCode, "S3NoSuchBucket");
  assert.match(
    await refusal(describeTable(importing.client, "plain")),
    /^ResourceNotFoundException/,
  );
  const empty = await importing.import({
    S3BucketSource: { S3Bucket: importing.bucket, S3KeyPrefix: "nothing" },
  });
  assert.equal(empty.ImportStatus, "COMPLETED");
  assert.deepEqual(await importing.contents(), []);
});

test("imports are idempotent by token and listed, newest first", async () => {
  covers("dynamodb.ImportTable", "dynamodb.ListImports");
  const importing = await Importing.start();
  await importing.put("data", jsonLines(1));
  const first = await importing.begin({ ClientToken: "token" });
  const parameters = { ...plainTable, TableName: "other" } as TableCreationParameters;
  assert.equal(
    await refusal(importing.begin({ ClientToken: "token", TableCreationParameters: parameters })),
    "ImportConflictException: Import conflict: Duplicate request detected with conflicting parameters",
  );
  await importing.ended(first.ImportArn!);
  assert.equal(
    await refusal(importing.begin({ ClientToken: "token" })),
    "ResourceInUseException: Table already exists: plain",
  );
  tule.clock.moveTo(tule.clock.nowMs() + 10);
  const second = await importing.import({ TableCreationParameters: parameters });
  const page = await importing.client.send(new ListImportsCommand({ PageSize: 1 }));
  const rest = await importing.client.send(
    new ListImportsCommand({ PageSize: 1, NextToken: page.NextToken }),
  );
  assert.deepEqual(
    [page, rest].flatMap(({ ImportSummaryList }) =>
      ImportSummaryList!.map(({ ImportArn }) => ImportArn),
    ),
    [second.ImportArn, first.ImportArn],
  );
  const ofTable = await importing.client.send(new ListImportsCommand({ TableArn: first.TableArn }));
  assert.equal(ofTable.ImportSummaryList!.length, 1);
});

test("what cannot be imported is refused in AWS's words", async () => {
  covers("dynamodb.ImportTable", "dynamodb.DescribeImport");
  const importing = await Importing.start();
  assert.equal(
    await refusal(
      importing.begin({
        TableCreationParameters: {
          ...plainTable,
          BillingMode: undefined,
        } as TableCreationParameters,
      }),
    ),
    "ValidationException: One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
  );
  assert.equal(
    await refusal(importing.begin({ InputFormatOptions: { Csv: { Delimiter: ";" } } })),
    "ValidationException: Invalid Request: Unsupported InputFormatOptions for the given input format: DYNAMODB_JSON.",
  );
  const arn = `arn:aws:dynamodb:us-east-1:${importing.account}:table/plain`;
  const describe = (ImportArn: string): Promise<string> =>
    refusal(importing.client.send(new DescribeImportCommand({ ImportArn })));
  assert.equal(await describe(arn), "ValidationException: Invalid Import ARN");
  assert.match(
    await describe(`${arn}/import/01234567890123-a1b2c3d4`),
    /^ImportNotFoundException: /,
  );
});
