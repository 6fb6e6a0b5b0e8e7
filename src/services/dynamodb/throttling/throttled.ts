import { ServiceError } from "#kernel/errors.ts";
import type { ThrottlingReason } from "#models/dynamodb.ts";

/** What was exceeded. Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html */
export type LimitType =
  | "ProvisionedThroughputExceeded"
  | "MaxOnDemandThroughputExceeded"
  | "AccountLimitExceeded"
  | "KeyRangeThroughputExceeded";

export type Direction = "Read" | "Write";
export type ResourceType = "Table" | "Index";

export interface Exceeded {
  readonly resourceType: ResourceType;
  readonly direction: Direction;
  readonly limit: LimitType;
  readonly isProvisioned: boolean;
  readonly arn: string;
}

/** A request that was not admitted, as AWS answers it: one of three errors, and the reason in detail. */
export class Throttled extends ServiceError {
  override name = "Throttled";
  readonly limit: LimitType;

  constructor(exceeded: Exceeded) {
    const code = codeOf(exceeded);
    const { resourceType, direction, limit, arn } = exceeded;
    const reason: ThrottlingReason = {
      reason: `${resourceType}${direction}${limit}`,
      resource: arn,
    };
    // The model spells the member of this one exception with a small letter.
    const member = code === "ThrottlingException" ? "throttlingReasons" : "ThrottlingReasons";
    super(code, messageOf(exceeded), { [member]: [reason] });
    this.limit = limit;
  }
}

type ThrottleCode =
  | "ProvisionedThroughputExceededException"
  | "ThrottlingException"
  | "RequestLimitExceeded";

function codeOf({ limit, isProvisioned }: Exceeded): ThrottleCode {
  switch (limit) {
    case "ProvisionedThroughputExceeded":
      return "ProvisionedThroughputExceededException";
    case "MaxOnDemandThroughputExceeded":
      return "ThrottlingException";
    case "AccountLimitExceeded":
      return "RequestLimitExceeded";
    case "KeyRangeThroughputExceeded":
      return isProvisioned ? "ProvisionedThroughputExceededException" : "ThrottlingException";
  }
}

/**
 * Sources: API reference, TransactWriteItems (the first four), Developer Guide, "Diagnosing throttling" (the maximum of
 * on-demand tables), and the model's documentation of RequestLimitExceeded.
 */
function messageOf({ limit, isProvisioned, resourceType }: Exceeded): string {
  if (limit === "MaxOnDemandThroughputExceeded") {
    return "Throughput exceeds the maximum OnDemandThroughput configured on table or index";
  }
  if (limit === "AccountLimitExceeded") {
    return "Throughput exceeds the current throughput limit for your account. Please contact AWS Support at https://aws.amazon.com/support request a limit increase";
  }
  if (isProvisioned) {
    return resourceType === "Table"
      ? "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."
      : "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API.";
  }
  return resourceType === "Table"
    ? "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html."
    : "Throughput exceeds the current capacity for one or more global secondary indexes. DynamoDB is automatically scaling your index so please try again shortly.";
}
