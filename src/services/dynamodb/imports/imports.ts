import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, ImportSummary } from "#models/dynamodb.ts";
import { jobArn, jobPageToken, openJobPage } from "../exports/job-arn.ts";
import { importKey, importsPrefix } from "../keyspace.ts";
import { decodeImport, importDescription, type ImportRecord, readImport } from "./import-record.ts";

const importsPerPage = 10;
/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListImports.html */
const listedForMs = 90 * 86_400_000;

export const describeImports = {
  DescribeImport(ctx, input) {
    const arn = input.ImportArn;
    return ctx.read((snapshot) => {
      const { region, id } = jobArn(ctx, arn, "import");
      const found = region === ctx.region ? readImport(snapshot, ctx, id) : undefined;
      if (found?.arn !== arn) {
        throw ctx.error("ImportNotFoundException", `Import not found: ${arn}`);
      }
      return { ImportTableDescription: importDescription(found) };
    });
  },

  /** The newest first; those of tables that are gone, too. */
  ListImports(ctx, input) {
    const pageSize = input.PageSize ?? importsPerPage;
    return ctx.read((snapshot) => {
      const prefix = importsPrefix(ctx);
      const before = openJobPage(ctx, input.NextToken, "import");
      const page: ImportRecord[] = [];
      const range = {
        start: prefix,
        end: before === undefined ? endOfPrefix(prefix) : importKey(ctx, before),
        reverse: true,
      };
      for (const { value } of snapshot.range(range)) {
        const found = decodeImport(value);
        if (found.startedAtMs < ctx.now() - listedForMs) break;
        if (input.TableArn !== undefined && found.tableArn !== input.TableArn) continue;
        page.push(found);
        if (page.length > pageSize) break;
      }
      const hasMore = page.length > pageSize;
      if (hasMore) page.pop();
      return {
        ImportSummaryList: page.map(summary),
        NextToken: hasMore ? jobPageToken("import", page.at(-1)!.id) : undefined,
      };
    });
  },
} satisfies Handlers<DynamoDB>;

function summary(record: ImportRecord): ImportSummary {
  const described = importDescription(record);
  return {
    ImportArn: described.ImportArn,
    ImportStatus: described.ImportStatus,
    TableArn: described.TableArn,
    S3BucketSource: described.S3BucketSource,
    InputFormat: described.InputFormat,
    StartTime: described.StartTime,
    EndTime: described.EndTime,
  };
}
