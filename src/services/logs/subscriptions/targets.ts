import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";

/*
 * The services that take what subscriptions match. Each is called by its public operations; one that is not here
 * refuses as AWS does when the resource does not exist.
 */

export type Vendor = "kinesis" | "firehose" | "lambda";

interface Vendors {
  readonly kinesis: {
    PutRecord(input: {
      readonly StreamARN: string;
      readonly Data: Uint8Array;
      readonly PartitionKey: string;
    }): Promise<unknown>;
  };
  readonly firehose: {
    PutRecord(input: {
      readonly DeliveryStreamName: string;
      readonly Record: { readonly Data: Uint8Array };
    }): Promise<unknown>;
  };
  readonly lambda: {
    Invoke(input: {
      readonly FunctionName: string;
      readonly InvocationType: "Event";
      readonly Payload: Uint8Array;
    }): Promise<unknown>;
  };
}

export function vendorOf(arn: string): Vendor | "logs" | undefined {
  const vendor = arn.split(":")[2];
  return vendor === "kinesis" || vendor === "firehose" || vendor === "lambda" || vendor === "logs"
    ? vendor
    : undefined;
}

/** Why test messages fail, in AWS's words. */
const problems: Readonly<Record<Vendor, string>> = {
  kinesis:
    "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state.",
  firehose:
    "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE state.",
  lambda:
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
};

/** Hands over one message: gzipped JSON. `key`: what belongs together in a stream. */
export async function send(
  ctx: Context,
  targetArn: string,
  message: Buffer,
  key: string,
): Promise<void> {
  const services = ctx.services as unknown as Vendors;
  switch (vendorOf(targetArn)) {
    case "kinesis":
      await services.kinesis.PutRecord({ StreamARN: targetArn, Data: message, PartitionKey: key });
      return;
    case "firehose": {
      const DeliveryStreamName = targetArn.slice(targetArn.lastIndexOf("/") + 1);
      await services.firehose.PutRecord({ DeliveryStreamName, Record: { Data: message } });
      return;
    }
    case "lambda": {
      const Payload = Buffer.from(
        JSON.stringify({ awslogs: { data: message.toString("base64") } }),
      );
      await services.lambda.Invoke({ FunctionName: targetArn, InvocationType: "Event", Payload });
      return;
    }
    default:
      throw new Error(`nothing can be delivered to ${targetArn}`);
  }
}

/** Sends a test message; answers what is wrong with the target, if anything is. */
export async function problemOf(
  ctx: Context,
  targetArn: string,
  message: Buffer,
): Promise<string | undefined> {
  try {
    await send(ctx, targetArn, message, "test");
    return undefined;
  } catch (problem) {
    if (!(problem instanceof ServiceError)) throw problem;
    return problems[vendorOf(targetArn) as Vendor];
  }
}
