import { DecimalProblem } from "#base/decimal.ts";
import {
  codesOf,
  encodeError,
  internalFault,
  notAuthenticated,
  notAuthorized,
  type CancellationReason,
} from "#engines/dax-protocol/errors.ts";
import { withoutKey } from "#engines/dax-protocol/items.ts";
import { Malformed } from "#engines/dax-protocol/malformed.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Node } from "./node.ts";
import { plainItem, type FoundItem } from "./plain-item.ts";
import { FailedTransaction } from "./transact-items.ts";

/** What a client is told of a request that failed. */
export async function failureAnswer(
  node: Node,
  failure: unknown,
  requestId: string,
): Promise<Buffer> {
  const transaction = failure instanceof FailedTransaction ? failure : undefined;
  const problem = transaction?.cause ?? failure;
  const { ctx, lists } = node.cluster;
  if (problem instanceof DecimalProblem || problem instanceof Malformed) {
    node.metrics.add("ErrorRequestCount");
    const code = "ValidationException";
    const message = `${problem.message[0]?.toUpperCase()}${problem.message.slice(1)}`;
    return encodeError({ codes: codesOf(code), message, requestId, code, status: 400 });
  }
  if (!(problem instanceof ServiceError)) {
    ctx.report("a request to a DAX node failed within the server", problem);
    node.metrics.add("FaultRequestCount");
    const code = "InternalServerError";
    return encodeError({ codes: internalFault, message: code, requestId, code, status: 500 });
  }
  const { code, message } = problem;
  if (code === "ResourceNotFoundException") node.cluster.schemas.forgetAll();
  const status = problem.status ?? (code === "InternalServerError" ? 500 : 400);
  node.metrics.add(metricOf(code, status));
  const reasons = reasonsOf(problem, transaction);
  const error = { codes: codesOf(code), message, requestId, code, status };
  if (reasons === undefined) return encodeError(error);
  return lists.encode((ids) => encodeError({ ...error, reasons }, ids));
}

function metricOf(
  code: string,
  status: number,
): "ErrorRequestCount" | "ThrottledRequestCount" | "FaultRequestCount" {
  if (status >= 500) return "FaultRequestCount";
  return code === "ProvisionedThroughputExceededException" || code === "ThrottlingException"
    ? "ThrottledRequestCount"
    : "ErrorRequestCount";
}

/** The items in the reasons go without their keys: the client knows those from its request. */
function reasonsOf(
  problem: ServiceError,
  transaction: FailedTransaction | undefined,
): CancellationReason[] | undefined {
  const given = problem.members["CancellationReasons"] as
    | readonly { Code?: string; Message?: string; Item?: FoundItem }[]
    | undefined;
  return given?.map(({ Code: code, Message: message, Item: found }, index) => {
    const item = found && plainItem(found);
    const schema = transaction?.items[index]?.schema;
    return {
      Code: code,
      Message: message,
      Item: item && schema ? withoutKey(item, schema) : undefined,
    };
  });
}

/** To a connection that has not signed in, or not rightly. */
export function unauthenticatedAnswer(requestId: string): Buffer {
  return encodeError({
    codes: notAuthenticated,
    message: "The connection is not authenticated, or its signature is not valid",
    requestId,
    code: "UnrecognizedClientException",
    status: 400,
  });
}

/** To a caller of another account than the cluster's. */
export function unauthorizedAnswer(requestId: string, callerArn: string): Buffer {
  const code = "AccessDeniedException";
  return encodeError({
    codes: notAuthorized,
    message: `User: ${callerArn} is not authorized to use this cluster`,
    requestId,
    code,
    status: 400,
  });
}
