import type { Context, JobContext } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Transaction } from "#store/store.ts";
import { addHistory } from "./alarm-history.ts";
import { type AlarmRecord, findAlarm } from "./alarm-record.ts";
import type { Notification } from "./notification.ts";

/** What the job is handed: everything as it was when the state changed. */
interface ActionJob {
  readonly name: string;
  readonly action: string;
  readonly record: AlarmRecord;
  readonly notification: Notification;
  /** Whether the state was set by a request. */
  readonly isAsked: boolean;
}

/** Has the actions of an alarm's state performed, if they are enabled. */
export function scheduleActions(
  tx: Transaction,
  ctx: Context,
  record: AlarmRecord,
  notification: Notification,
  isAsked = false,
): void {
  const { alarm } = record;
  if (!alarm.ActionsEnabled) return;
  const actions = {
    OK: alarm.OKActions,
    ALARM: alarm.AlarmActions,
    INSUFFICIENT_DATA: alarm.InsufficientDataActions,
  }[alarm.StateValue];
  actions.forEach((action, index) => {
    const job: ActionJob = { name: alarm.AlarmName, action, record, notification, isAsked };
    const key = `${alarm.AlarmName} ${alarm.StateTransitionedTimestamp} ${index}`;
    ctx.schedule(tx, { at: ctx.now(), job: "performAction", key, payload: job });
  });
}

/** The job. An action that is refused is told in the history, and not tried again: as AWS's are. */
export async function performAction(ctx: JobContext, job: ActionJob): Promise<void> {
  const { action, notification } = job;
  const problem = await perform(ctx, job).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ServiceError) return error.message;
      throw error;
    },
  );
  const isDone = problem === undefined;
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const record = findAlarm(tx, ctx, job.name) ?? job.record;
    addHistory(tx, ctx, record, {
      type: "Action",
      summary: isDone
        ? `Successfully executed action ${action}`
        : `Failed to execute action ${action}. Received error: "${problem}"`,
      data: {
        actionState: isDone ? "Succeeded" : "Failed",
        stateUpdateTimestamp: job.record.alarm.StateTransitionedTimestamp,
        notificationResource: action,
        publishedMessage: isTopic(action)
          ? JSON.stringify({ default: notification.message })
          : undefined,
        error: problem,
      },
    });
  });
}

const isTopic = (arn: string): boolean => arn.split(":")[2] === "sns";

/** The operations that actions need of services which may not exist here: those answer NotImplemented. */
interface ActingServices {
  readonly sns: {
    Publish(input: { TopicArn: string; Subject: string; Message: string }): Promise<unknown>;
  };
  readonly lambda: {
    Invoke(input: {
      FunctionName: string;
      InvocationType: string;
      Payload: Uint8Array;
    }): Promise<unknown>;
  };
}

async function perform(ctx: Context, job: ActionJob): Promise<void> {
  const { action, notification } = job;
  const [, , service, region] = action.split(":");
  const elsewhere = region === undefined || region === "" ? ctx : ctx.inRegion(region);
  const { sns, lambda } = elsewhere.services as unknown as ActingServices;
  switch (service) {
    case "sns":
      await sns.Publish({
        TopicArn: action,
        Subject: notification.subject,
        Message: notification.message,
      });
      return;
    case "lambda":
      await lambda.Invoke({
        FunctionName: action,
        InvocationType: "Event",
        Payload: Buffer.from(notification.payload),
      });
      return;
    case "autoscaling":
      if (await isScaledBy(elsewhere, job)) return;
      break;
    default:
  }
  throw ctx.error("NotImplemented", `Actions of ${service} are not implemented yet`);
}

/**
 * Whether a scaling policy does what its own alarm asks for: it looks at the same numbers in the same minute
 * (application-autoscaling, policy-alarms.ts). What other alarms, or requests, ask of it is done by nobody.
 */
async function isScaledBy(ctx: Context, { action, record, isAsked }: ActionJob): Promise<boolean> {
  const [, ResourceId, name] = /:resource\/dynamodb\/(.+):policyName\/(.+)$/.exec(action) ?? [];
  if (ResourceId === undefined || name === undefined || isAsked) return false;
  const { ScalingPolicies } = await ctx.services["application-autoscaling"].DescribeScalingPolicies(
    { ServiceNamespace: "dynamodb", ResourceId, PolicyNames: [name] },
  );
  const { AlarmArn } = record.alarm;
  const policy = ScalingPolicies?.find(({ PolicyARN }) => PolicyARN === action);
  return policy?.Alarms?.some(({ AlarmARN }) => AlarmARN === AlarmArn) === true;
}
