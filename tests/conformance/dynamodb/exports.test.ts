import assert from "node:assert/strict";
import test from "node:test";
import {
  DeleteTableCommand,
  DescribeExportCommand,
  type ExportTableToPointInTimeCommandInput,
  ListExportsCommand,
} from "@aws-sdk/client-dynamodb";
import { readIonStruct } from "../../../src/services/dynamodb/ion/read-ion.ts";
import { covers } from "../../support/covers.ts";
import { Exporting } from "../../support/dynamodb-exports.ts";
import { asText, setRecovery } from "../../support/dynamodb-restores.ts";
import { refusal } from "../../support/dynamodb-tables.ts";
import { until } from "../../support/until.ts";

/*
 * What is written is as AWS's documentation has it (S3DataExport.Output); what is refused and what is shown is AWS's, as it
 * was measured in October 2026 (ack-api-quirks, DDB-EXPORT-001 to 022).
 */

const TableName = "plain";
const S3Bucket = "exports";

test("a full export has the items of its moment, with manifests and checksums", async () => {
  covers("dynamodb.ExportTableToPointInTime", "dynamodb.DescribeExport");
  const exporting = await Exporting.start();
  await setRecovery(exporting.client, TableName, true);
  for (let at = 0; at < 30; at++) await exporting.put(`item ${at}`, { n: { N: String(at) } });
  exporting.pass(10);
  const ExportTime = exporting.now;
  exporting.pass(10);
  await exporting.put("item 1", { n: { N: "100" } });
  await exporting.delete("item 2");
  await exporting.put("later");
  const begun = await exporting.begin({ ExportTime, S3Prefix: "some/where" });
  // Recorded by ack-api-quirks, DDB-EXPORT-016 and 017.
  assert.equal(begun.ExportStatus, "IN_PROGRESS");
  assert.equal(begun.ExportFormat, "DYNAMODB_JSON");
  assert.equal(begun.S3SseAlgorithm, "AES256");
  assert.equal(begun.ExportType, undefined);
  assert.equal(begun.ItemCount, undefined);
  assert.match(begun.ExportArn!, /:table\/plain\/export\/\d{14}-[0-9a-f]{8}$/);
  const ended = await exporting.ended(begun.ExportArn!);
  assert.equal(ended.ExportStatus, "COMPLETED");
  assert.deepEqual(ended.ExportTime, ExportTime);
  const id = begun.ExportArn!.split("/").at(-1)!;
  const folder = `some/where/AWSDynamoDB/${id}/`;
  assert.equal(ended.ExportManifest, `${folder}manifest-summary.json`);
  const items = (await exporting.lines(ended)).map(
    (line) => (JSON.parse(line) as { Item: Record<string, { S?: string; N?: string }> }).Item,
  );
  assert.deepEqual(
    items.map(({ pk, n }) => `${pk!.S} is ${n!.N}`).toSorted(),
    Array.from({ length: 30 }, (_, at) => `item ${at} is ${at}`).toSorted(),
  );
  const keys = await exporting.keys();
  const [dataFile] = keys.filter((key) => key.includes("/data/"));
  assert.match(dataFile!.slice(folder.length), /^data\/[a-z2-7]{26}\.json\.gz$/);
  const others = keys.filter((key) => !key.includes("/data/"));
  assert.deepEqual(
    others,
    [
      "_started",
      "manifest-files.json",
      "manifest-files.md5",
      "manifest-summary.json",
      "manifest-summary.md5",
    ].map((name) => folder + name),
  );
  const summary = JSON.parse((await exporting.object(ended.ExportManifest)).toString()) as Record<
    string,
    unknown
  >;
  assert.deepEqual(
    { ...summary, endTime: undefined, startTime: undefined },
    {
      version: "2020-06-30",
      exportArn: begun.ExportArn,
      startTime: undefined,
      endTime: undefined,
      tableArn: exporting.arn,
      tableId: begun.TableId,
      exportTime: ExportTime.toISOString(),
      s3Bucket: S3Bucket,
      s3Prefix: "some/where",
      s3SseAlgorithm: "AES256",
      s3SseKmsKeyId: null,
      manifestFilesS3Key: `${folder}manifest-files.json`,
      billedSizeBytes: ended.BilledSizeBytes,
      itemCount: 30,
      outputFormat: "DYNAMODB_JSON",
      exportType: "FULL_EXPORT",
    },
  );
});

test("an export in Ion says the same in another notation", async () => {
  covers("dynamodb.ExportTableToPointInTime");
  const exporting = await Exporting.start();
  await setRecovery(exporting.client, TableName, true);
  const item = {
    n: { N: "600" },
    small: { N: "-0.000000012" },
    b: { B: Buffer.from("ab") },
    yes: { BOOL: true },
    nothing: { NULL: true },
    set: { SS: ["x", "y"] },
    numbers: { NS: ["1", "2.5"] },
    list: { L: [{ S: 'a "quoted"\nline' }, { M: { "odd name": { N: "1" } } }] },
  };
  await exporting.put("a", item);
  const ended = await exporting.export({ ExportFormat: "ION" });
  const [line] = await exporting.lines(ended);
  assert.match(line!, /^\$ion_1_0 \{Item:\{.*n:6d2.*set:\$dynamodb_SS::\["x","y"\]/);
  const read = readIonStruct(line!)["Item"]!.M!;
  assert.equal(
    asText({ ...read, n: { N: String(Number(read["n"]!.N)) } }),
    asText({
      pk: { S: "a" },
      ...item,
      small: { N: "-12E-9" },
      b: { B: Buffer.from("ab").toString("base64") },
    }),
  );
  const key = (await exporting.keys()).find((name) => name.includes("/data/"));
  assert.match(key!, /\.ion\.gz$/);
});

test("an incremental export has what became of each item within its span", async () => {
  covers("dynamodb.ExportTableToPointInTime");
  const exporting = await Exporting.start();
  await setRecovery(exporting.client, TableName, true);
  for (const pk of ["kept", "changed", "deleted", "again"])
    await exporting.put(pk, { v: { N: "0" } });
  exporting.pass(100);
  const ExportFromTime = exporting.now;
  exporting.pass(100);
  await exporting.put("changed", { v: { N: "1" } });
  await exporting.put("changed", { v: { N: "2" } });
  await exporting.delete("deleted");
  await exporting.delete("again");
  await exporting.put("passing", { v: { N: "1" } });
  await exporting.delete("passing");
  await exporting.put("new", { v: { N: "1" } });
  exporting.pass(1_000);
  await exporting.put("again", { v: { N: "1" } });
  const lastWriteMs = exporting.tule.clock.nowMs();
  exporting.pass(10);
  const ExportToTime = exporting.now;
  exporting.pass(10);
  await exporting.put("changed", { v: { N: "3" } });
  await exporting.put("kept", { v: { N: "3" } });
  await exporting.delete("new");
  const specification = { ExportFromTime, ExportToTime };
  const ended = await exporting.export({
    ExportType: "INCREMENTAL_EXPORT",
    IncrementalExportSpecification: specification,
  });
  assert.equal(ended.BilledSizeBytes, 10_000_000);
  assert.deepEqual(ended.IncrementalExportSpecification, {
    ...specification,
    ExportViewType: "NEW_AND_OLD_IMAGES",
  });
  interface Change {
    readonly Metadata: { readonly WriteTimestampMicros: { readonly N: string } };
    readonly Keys: { readonly pk: { readonly S: string } };
    readonly OldImage?: { readonly v: { readonly N: string } };
    readonly NewImage?: { readonly v: { readonly N: string } };
  }
  const read = (lines: readonly string[]): Change[] =>
    lines.map((line) => JSON.parse(line) as Change);
  const told = (changes: readonly Change[]): string[] =>
    changes
      .map(({ Keys, OldImage, NewImage }) => `${Keys.pk.S}: ${OldImage?.v.N} to ${NewImage?.v.N}`)
      .toSorted();
  const changes = read(await exporting.lines(ended));
  assert.deepEqual(told(changes), [
    "again: 0 to 1",
    "changed: 0 to 2",
    "deleted: 0 to undefined",
    "new: undefined to 1",
  ]);
  const again = changes.find(({ Keys }) => Keys.pk.S === "again")!;
  const writtenMs = Number(again.Metadata.WriteTimestampMicros.N) / 1000;
  assert(Math.abs(writtenMs - lastWriteMs) < 5_000, `${writtenMs} is not about ${lastWriteMs}`);
  const newImages = await exporting.export({
    ExportType: "INCREMENTAL_EXPORT",
    IncrementalExportSpecification: { ...specification, ExportViewType: "NEW_IMAGE" },
  });
  assert.deepEqual(told(read(await exporting.lines(newImages))), [
    "again: undefined to 1",
    "changed: undefined to 2",
    "deleted: undefined to undefined",
    "new: undefined to 1",
  ]);
  const ion = await exporting.export({
    ExportType: "INCREMENTAL_EXPORT",
    ExportFormat: "ION",
    IncrementalExportSpecification: specification,
  });
  const records = (await exporting.lines(ion)).map((line) => readIonStruct(line)["Record"]!.M!);
  assert.deepEqual(records.map((record) => record["Keys"]!.M!["pk"]!.S!).toSorted(), [
    "again",
    "changed",
    "deleted",
    "new",
  ]);
});

test("an export goes on when its table is deleted", async () => {
  covers("dynamodb.ExportTableToPointInTime", "dynamodb.ListExports");
  const exporting = await Exporting.start();
  await setRecovery(exporting.client, TableName, true);
  for (let at = 0; at < 50; at++) await exporting.put(`item ${at}`);
  const { ExportArn } = await exporting.begin();
  const listed = await exporting.client.send(new ListExportsCommand({ TableArn: exporting.arn }));
  assert.equal(listed.ExportSummaries!.length, 1);
  await exporting.client.send(new DeleteTableCommand({ TableName }));
  const ended = await exporting.ended(ExportArn!);
  assert.equal((await exporting.lines(ended)).length, 50);
  await until(
    () => exporting.client.send(new ListExportsCommand({ TableArn: exporting.arn })),
    ({ ExportSummaries }) => ExportSummaries!.length === 0,
  );
  const all = await exporting.client.send(new ListExportsCommand({}));
  assert.deepEqual(all.ExportSummaries, [
    { ExportArn, ExportStatus: "COMPLETED", ExportType: "FULL_EXPORT" },
  ]);
});

test("the same token is the same export; exports are listed page by page, newest first", async () => {
  covers("dynamodb.ExportTableToPointInTime", "dynamodb.ListExports");
  const exporting = await Exporting.start();
  await setRecovery(exporting.client, TableName, true);
  const first = await exporting.begin({ ClientToken: "token" });
  await exporting.ended(first.ExportArn!);
  assert.equal((await exporting.begin({ ClientToken: "token" })).ExportArn, first.ExportArn);
  assert.equal(
    await refusal(exporting.begin({ ClientToken: "token", S3Prefix: "other" })),
    "ExportConflictException: Export conflict: Duplicate request detected with conflicting parameters",
  );
  const arns = [first.ExportArn!];
  for (let times = 0; times < 2; times++) {
    exporting.pass(1);
    arns.unshift((await exporting.export()).ExportArn!);
  }
  const page = await exporting.client.send(new ListExportsCommand({ MaxResults: 2 }));
  const rest = await exporting.client.send(
    new ListExportsCommand({ MaxResults: 2, NextToken: page.NextToken }),
  );
  assert.equal(rest.NextToken, undefined);
  assert.deepEqual(
    [...page.ExportSummaries!, ...rest.ExportSummaries!].map(({ ExportArn }) => ExportArn),
    arns,
  );
});

test("what S3 refuses makes an export fail", async () => {
  covers("dynamodb.ExportTableToPointInTime", "dynamodb.DescribeExport");
  const exporting = await Exporting.start();
  await setRecovery(exporting.client, TableName, true);
  const { ExportArn } = await exporting.begin({ S3Bucket: "no-such-bucket-anywhere" });
  const failed = await exporting.ended(ExportArn!);
  assert.equal(failed.ExportStatus, "FAILED");
  assert.equal(failed.FailureCode, "S3NoSuchBucket");
  assert.match(failed.FailureMessage!, /^The specified bucket does not exist/);
});

test("what cannot be exported is refused in AWS's words", async () => {
  covers("dynamodb.ExportTableToPointInTime", "dynamodb.DescribeExport");
  const exporting = await Exporting.start();
  const refused = (input: Partial<ExportTableToPointInTimeCommandInput>): Promise<string> =>
    refusal(exporting.begin(input));
  assert.equal(
    await refused({}),
    "PointInTimeRecoveryUnavailableException: Point in time recovery is not enabled for table 'plain'",
  );
  const missing = `${exporting.arn}-not`;
  assert.equal(
    await refused({ TableArn: missing }),
    `TableNotFoundException: Table not found: ${missing}`,
  );
  assert.equal(
    await refused({ TableArn: "plain" }),
    "ValidationException: One or more parameter values were invalid: tableArn is not a valid ARN",
  );
  await setRecovery(exporting.client, TableName, true);
  const hour = 3_600_000;
  for (const difference of [-hour, hour]) {
    const ExportTime = new Date(exporting.now.getTime() + difference);
    assert.equal(
      await refused({ ExportTime }),
      "InvalidExportTimeException: Export Time is invalid",
    );
  }
  const incremental = (fromMs: number, toMs?: number): Promise<string> =>
    refused({
      ExportType: "INCREMENTAL_EXPORT",
      IncrementalExportSpecification: {
        ExportFromTime: new Date(fromMs),
        ExportToTime: toMs === undefined ? undefined : new Date(toMs),
      },
    });
  const enabledMs = exporting.now.getTime();
  assert.match(
    await incremental(enabledMs - hour),
    /^InvalidExportTimeException: Incremental export period from time cannot be less than the table creation time : .*Z$/,
  );
  assert.equal(
    await incremental(enabledMs),
    "InvalidExportTimeException: Difference between export period from time and export period to time is less than 15 minutes",
  );
  assert.match(
    await incremental(enabledMs, enabledMs + hour),
    /^InvalidExportTimeException: Incremental export period to time cannot be greater than the current time : /,
  );
  assert.equal(
    await refused({ IncrementalExportSpecification: { ExportFromTime: new Date(enabledMs) } }),
    "ValidationException: Invalid Request: Export Type expected to be Incremental Export when incremental export specification is provided",
  );
  assert.equal(
    await refused({ ExportType: "INCREMENTAL_EXPORT" }),
    "ValidationException: Invalid Request: Incremental Export Specification expected when export type is set as Incremental Export",
  );
  assert.equal(
    await refused({ S3SseKmsKeyId: "key" }),
    "ValidationException: Invalid Request: KMS Key Id is not supported for this encryption type",
  );
  const describe = (ExportArn: string): Promise<string> =>
    refusal(exporting.client.send(new DescribeExportCommand({ ExportArn })));
  const unknown = `${exporting.arn}/export/01234567890123-a1b2c3d4`;
  assert.equal(
    await describe(unknown),
    `ExportNotFoundException: Export not found: Export not found: ${unknown}`,
  );
  assert.equal(await describe(exporting.arn), "ValidationException: Invalid Export ARN");
});
