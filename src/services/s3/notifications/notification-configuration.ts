import type { Handlers } from "#kernel/service.ts";
import type { NotificationConfiguration, S3 } from "#models/s3.ts";
import { invalidArgument, notBuilt } from "../errors.ts";
import { openBucket } from "../open-bucket.ts";

/** A bucket tells nobody of what happens in it: the services that could be told are not here yet. */
export const notificationConfiguration = {
  async GetBucketNotificationConfiguration(ctx, input) {
    await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    return {};
  },

  /** Takes what tells nobody, and refuses the rest. */
  async PutBucketNotificationConfiguration(ctx, input) {
    const destination = firstDestination(input.NotificationConfiguration);
    await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    if (destination !== undefined) throw notBuilt(`Event notification to ${destination}`);
  },
} satisfies Handlers<S3>;

/** Errors as recorded. */
function firstDestination(configuration: NotificationConfiguration): string | undefined {
  const all = [
    ...(configuration.QueueConfigurations ?? []).map(
      ({ QueueArn: arn }) => ["Queue", "an SQS queue", arn, /^arn:[a-z-]+:sqs:/] as const,
    ),
    ...(configuration.TopicConfigurations ?? []).map(
      ({ TopicArn: arn }) => ["Topic", "an SNS topic", arn, /^arn:[a-z-]+:sns:/] as const,
    ),
    ...(configuration.LambdaFunctionConfigurations ?? []).map(
      ({ LambdaFunctionArn: arn }) =>
        ["CloudFunction", "a Lambda function", arn, /^arn:[a-z-]+:lambda:/] as const,
    ),
  ];
  for (const [name, , arn, form] of all) {
    if (!form.test(arn)) throw invalidArgument("The ARN could not be parsed", name, arn);
  }
  if (configuration.EventBridgeConfiguration !== undefined) return "EventBridge";
  return all[0]?.[1];
}
