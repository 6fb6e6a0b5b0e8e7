import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB } from "#models/dynamodb.ts";

/** The quotas that a new account has, and where DynamoDB is. */
export const limits = {
  /** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
  DescribeLimits() {
    return {
      AccountMaxReadCapacityUnits: 80_000,
      AccountMaxWriteCapacityUnits: 80_000,
      TableMaxReadCapacityUnits: 40_000,
      TableMaxWriteCapacityUnits: 40_000,
    };
  },

  /** AWS's own host name; SDKs ask for it only where endpoint discovery is on. */
  DescribeEndpoints(ctx) {
    const address = `dynamodb.${ctx.region}.amazonaws.com`;
    return { Endpoints: [{ Address: address, CachePeriodInMinutes: 1440 }] };
  },
} satisfies Handlers<DynamoDB>;
