import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, ExportSummary } from "#models/dynamodb.ts";
import { exportKey, exportsPrefix } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { jobArn, jobPageToken, openJobPage } from "./job-arn.ts";
import { decodeExport, exportDescription, type ExportRecord, readExport } from "./export-record.ts";
import { exportFolder } from "./manifest.ts";

/*
 * What is refused, and what is shown of an export in which state: ack-api-quirks, DDB-EXPORT-006, 016, 017, 020 and 022.
 */

const exportsPerPage = 10;
/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListExports.html */
const listedForMs = 90 * 86_400_000;

export const describeExports = {
  DescribeExport(ctx, input) {
    const arn = input.ExportArn;
    return ctx.read((snapshot) => {
      const { region, id } = jobArn(ctx, arn, "export");
      if (region !== ctx.region) {
        throw ctx.error("ExportNotFoundException", "Export not found: Invalid export arn");
      }
      const found = readExport(snapshot, ctx, id);
      if (found?.arn !== arn) {
        throw ctx.error("ExportNotFoundException", `Export not found: Export not found: ${arn}`);
      }
      return { ExportDescription: describe(found) };
    });
  },

  /** The newest first. Those of a table: of the one that has the name now. */
  ListExports(ctx, input) {
    const { TableArn: tableArn, NextToken: token } = input;
    const pageSize = input.MaxResults ?? exportsPerPage;
    return ctx.read((snapshot) => {
      const prefix = exportsPrefix(ctx);
      const before = openJobPage(ctx, token, "export");
      const tableId =
        tableArn === undefined
          ? undefined
          : findTable(snapshot, ctx, tableArn.split("/")[1] ?? "")?.id;
      const page: ExportRecord[] = [];
      const range = {
        start: prefix,
        end: before === undefined ? endOfPrefix(prefix) : exportKey(ctx, before),
        reverse: true,
      };
      for (const { value } of snapshot.range(range)) {
        const found = decodeExport(value);
        if (tableArn !== undefined && found.tableId !== tableId) continue;
        if (found.startedAtMs < ctx.now() - listedForMs) break;
        page.push(found);
        if (page.length > pageSize) break;
      }
      const hasMore = page.length > pageSize;
      if (hasMore) page.pop();
      return {
        ExportSummaries: page.map(summary),
        NextToken: hasMore ? jobPageToken("export", page.at(-1)!.id) : undefined,
      };
    });
  },
} satisfies Handlers<DynamoDB>;

export const describe = (record: ExportRecord): ReturnType<typeof exportDescription> =>
  exportDescription(record, `${exportFolder(record)}manifest-summary.json`);

function summary(record: ExportRecord): ExportSummary {
  return {
    ExportArn: record.arn,
    ExportStatus: record.status,
    ExportType: record.span === undefined ? "FULL_EXPORT" : "INCREMENTAL_EXPORT",
  };
}
