import { ServiceError } from "#kernel/errors.ts";
import type { FaultCall, FaultEffect, Faults } from "#kernel/faults.ts";
import type { AnyHandler } from "#kernel/service.ts";
import type { Protocol } from "#wire/protocol.ts";
import { protocols } from "#wire/protocols.ts";
import type { Endpoint } from "./endpoints.ts";
import { Dropped } from "./front/http.ts";

/** One call's handler, which the faults that users asked for befall: before it, or when it is done. */
export function stricken(faults: Faults, endpoint: Endpoint, handler: AnyHandler): AnyHandler {
  let isStruck = false;
  return async (ctx, input) => {
    // The call is one, though authorization may run the handler twice.
    if (!isStruck) {
      isStruck = true;
      await strike(faults, endpoint, ctx, false);
    }
    const output = await handler(ctx, input);
    await strike(faults, endpoint, ctx, true);
    return output;
  };
}

/** Holds a call up, or throws what its client gets. */
async function strike(
  faults: Faults,
  endpoint: Endpoint,
  call: FaultCall,
  isLate: boolean,
): Promise<void> {
  const struck = faults.strike(call, isLate);
  if (struck === undefined) return;
  if (struck.delayMs > 0) await faults.holdUp(struck.delayMs);
  if (struck.effect !== undefined) throw failureOf(struck.effect, endpoint);
}

function failureOf(effect: FaultEffect, endpoint: Endpoint): Error {
  switch (effect.kind) {
    case "disconnect":
      return new Dropped("a fault that was asked for");
    case "error":
      return new ServiceError(effect.code, effect.message ?? "", {}, effect.status);
    case "throttle": {
      const { code, message, status } = throttleOf(endpoint);
      return new ServiceError(code, message, {}, status);
    }
  }
}

interface Throttle {
  readonly code: string;
  readonly message: string;
  /** Where the model does not say. */
  readonly status: number;
}

/**
 * How services say that a caller is too fast. An operation's model declares which, the first of these counts; the
 * others are its protocol's habit. Messages are the services' own.
 */
const declared: readonly Throttle[] = [
  {
    code: "ProvisionedThroughputExceededException",
    message:
      "The level of configured provisioned throughput for the table was exceeded. Consider increasing your " +
      "provisioning level with the UpdateTable API.",
    status: 400,
  },
  { code: "ThrottlingException", message: "Rate exceeded", status: 400 },
  { code: "ThrottledException", message: "Rate exceeded", status: 429 },
  { code: "TooManyRequestsException", message: "Rate exceeded", status: 429 },
  { code: "RequestThrottled", message: "Rate exceeded", status: 403 },
  { code: "RequestLimitExceeded", message: "Request limit exceeded.", status: 400 },
];

const slowDown: Throttle = {
  code: "SlowDown",
  message: "Please reduce your request rate.",
  status: 503,
};
const throttling: Throttle = { code: "Throttling", message: "Rate exceeded", status: 400 };
const throttlingException: Throttle = {
  code: "ThrottlingException",
  message: "Rate exceeded",
  status: 400,
};

// Sources: Amazon S3 API Reference, "Error responses"; Amazon EC2 API Reference, "Error codes"; AWS General Reference,
// "Common errors" of the query services.
const byProtocol = new Map<Protocol, Throttle>([
  [protocols["rest-xml"], throttling],
  [protocols.query, throttling],
  [protocols["query-json"], throttling],
  [
    protocols.ec2,
    { code: "RequestLimitExceeded", message: "Request limit exceeded.", status: 503 },
  ],
  [protocols["rest-json"], { ...throttlingException, status: 429 }],
]);

function throttleOf({ serviceName, operation, protocol }: Endpoint): Throttle {
  const known = declared.find(({ code }) => operation?.errors.has(code));
  if (known !== undefined) return known;
  if (serviceName === "s3") return slowDown;
  return byProtocol.get(protocol) ?? throttlingException;
}

const throttleCodes: ReadonlySet<string> = new Set(
  [...declared, slowDown, throttling].map(({ code }) => code),
);

/** Whether an error says that the caller was too fast. */
export function isThrottle(code: string): boolean {
  return throttleCodes.has(code);
}
