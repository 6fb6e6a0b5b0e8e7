import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import {
  type CreateTableCommandInput,
  DeleteItemCommand,
  DescribeExportCommand,
  type DynamoDBClient,
  type ExportDescription,
  ExportTableToPointInTimeCommand,
  type ExportTableToPointInTimeCommandInput,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { makeTable, plainTable } from "./dynamodb-tables.ts";
import { startTule, type Tule } from "./tule.ts";
import { until } from "./until.ts";

const S3Bucket = "exports";

/** A table of an account with a bucket `exports`, on a server whose clock is its own. */
export class Exporting {
  readonly tule: Tule;
  readonly account: string;
  readonly client: DynamoDBClient;
  readonly s3: S3Client;

  readonly tableName: string;

  private constructor(tule: Tule, tableName: string) {
    this.tule = tule;
    this.tableName = tableName;
    this.account = tule.newAccount();
    this.client = tule.dynamodb(this.account);
    this.s3 = tule.s3(this.account);
  }

  static async start(table: CreateTableCommandInput = plainTable): Promise<Exporting> {
    const exporting = new Exporting(await startTule(), table.TableName!);
    await makeTable(exporting.client, table);
    await exporting.s3.send(new CreateBucketCommand({ Bucket: S3Bucket }));
    return exporting;
  }

  get arn(): string {
    return `arn:aws:dynamodb:us-east-1:${this.account}:table/${this.tableName}`;
  }

  get now(): Date {
    return new Date(Math.floor(this.tule.clock.nowMs() / 1000) * 1000);
  }

  pass(seconds: number): void {
    this.tule.clock.moveTo(this.tule.clock.nowMs() + seconds * 1000);
  }

  put(pk: string, rest: Record<string, unknown> = {}): Promise<unknown> {
    const Item = { pk: { S: pk }, ...rest } as never;
    return this.client.send(new PutItemCommand({ TableName: this.tableName, Item }));
  }

  delete(pk: string): Promise<unknown> {
    const Key = { pk: { S: pk } };
    return this.client.send(new DeleteItemCommand({ TableName: this.tableName, Key }));
  }

  async begin(
    input: Partial<ExportTableToPointInTimeCommandInput> = {},
  ): Promise<ExportDescription> {
    const command = new ExportTableToPointInTimeCommand({
      TableArn: this.arn,
      S3Bucket,
      ...input,
    });
    return (await this.client.send(command)).ExportDescription!;
  }

  ended(ExportArn: string): Promise<ExportDescription> {
    return until(
      async () =>
        (await this.client.send(new DescribeExportCommand({ ExportArn }))).ExportDescription!,
      ({ ExportStatus }) => ExportStatus !== "IN_PROGRESS",
    );
  }

  async export(
    input: Partial<ExportTableToPointInTimeCommandInput> = {},
  ): Promise<ExportDescription> {
    const { ExportArn } = await this.begin(input);
    const ended = await this.ended(ExportArn!);
    assert.equal(ended.ExportStatus, "COMPLETED", JSON.stringify(ended));
    return ended;
  }

  async object(Key: string): Promise<Buffer> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: S3Bucket, Key }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  async keys(): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: S3Bucket }));
    return Contents.map(({ Key }) => Key!);
  }

  /** The lines of an export's data files, found as its readers do: from the summary on. Checks all checksums. */
  async lines(ended: ExportDescription): Promise<string[]> {
    const summary = await this.#checked(ended.ExportManifest!);
    const { manifestFilesS3Key, itemCount } = JSON.parse(summary) as Record<string, never>;
    const files = (await this.#checked(manifestFilesS3Key!)).trim().split("\n");
    const lines: string[] = [];
    for (const file of files) {
      const entry = JSON.parse(file) as Record<string, string>;
      const body = await this.object(entry["dataFileS3Key"]!);
      assert.equal(createHash("md5").update(body).digest("base64"), entry["md5Checksum"]);
      const text = gunzipSync(body).toString();
      const found = text.split("\n").filter((line) => line !== "");
      assert.equal(found.length, Number(entry["itemCount"]));
      lines.push(...found);
    }
    assert.equal(lines.length, Number(itemCount));
    assert.equal(lines.length, ended.ItemCount);
    return lines;
  }

  async #checked(key: string): Promise<string> {
    const body = await this.object(key);
    const checksum = await this.object(key.replace(/\.json$/, ".md5"));
    assert.equal(checksum.toString(), createHash("md5").update(body).digest("base64"));
    return body.toString();
  }
}
