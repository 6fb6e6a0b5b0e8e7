import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { DataRecord } from "./data-record.ts";

/** What destinations need of Kinesis, as its API has it. */
interface Kinesis {
  DescribeStreamSummary(input: {
    readonly StreamARN: string;
  }): Promise<{ readonly StreamDescriptionSummary: { readonly StreamStatus: string } }>;
  PutRecords(input: {
    readonly StreamARN: string;
    readonly Records: readonly DataRecord[];
  }): Promise<{ readonly Records: readonly { readonly ErrorCode?: string | undefined }[] }>;
}

/** The service as it will be among `ctx.services`: until it is there, its operations are not implemented. */
function kinesis(ctx: Context): Kinesis {
  return (ctx.services as unknown as { readonly kinesis: Kinesis }).kinesis;
}

/** Why changes cannot go to the stream, in AWS's words, which call a missing stream a missing permission. */
export async function problemOf(ctx: Context, streamArn: string): Promise<string | undefined> {
  try {
    const { StreamDescriptionSummary: stream } = await kinesis(ctx).DescribeStreamSummary({
      StreamARN: streamArn,
    });
    if (stream.StreamStatus === "ACTIVE" || stream.StreamStatus === "UPDATING") return undefined;
    return "The kinesis Arn used to enable kinesis replication belongs to a stream which is not in Active state";
  } catch (problem) {
    if (!(problem instanceof ServiceError)) throw problem;
    return "User does not have a permission to use kinesis stream";
  }
}

/** Writes records in order; answers how many of them, from the first one on, the stream has. */
export async function putRecords(
  ctx: Context,
  streamArn: string,
  records: readonly DataRecord[],
): Promise<number> {
  const answer = await kinesis(ctx).PutRecords({ StreamARN: streamArn, Records: records });
  const failed = answer.Records.findIndex(({ ErrorCode: code }) => code !== undefined);
  return failed === -1 ? records.length : failed;
}
