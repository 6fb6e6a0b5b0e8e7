/** What all codecs need to know of an error: its status and where the model says how it looks. */
import { type WireError, WireProblem } from "./protocol.ts";
import type { OperationModel, ServiceModel, Shape } from "./shapes.ts";

// Named alike by all services where something on the server's side went wrong.
const faults = new Map([
  ["InternalFailure", 500],
  ["InternalError", 500],
  ["InternalServerError", 500],
  ["InternalServiceError", 500],
  ["InternalServerException", 500],
  ["NotImplemented", 501],
  ["ServiceUnavailable", 503],
  ["ServiceUnavailableException", 503],
]);

export interface DescribedError {
  status: number;
  /** True unless the server is to blame: the query protocols say so in the body. */
  isSendersFault: boolean;
  shape: Shape | undefined;
}

export function describeError(
  service: ServiceModel | undefined,
  operation: OperationModel | undefined,
  error: WireError,
): DescribedError {
  const shape = operation?.errors.get(error.code);
  const status =
    error.status ??
    shape?.model.error?.httpStatusCode ??
    service?.commonErrors[error.code]?.status ??
    faults.get(error.code) ??
    (shape?.model.fault ? 500 : 400);
  return { status, isSendersFault: shape?.model.error?.senderFault ?? status < 500, shape };
}

/** The code in the query protocol, and for clients that came from it. */
export function queryCodeOf(
  service: ServiceModel | undefined,
  operation: OperationModel | undefined,
  { code }: WireError,
): string {
  const shape = operation?.errors.get(code);
  if (shape) return shape.model.error?.queryCode ?? code;
  return service?.commonErrors[code]?.queryCode ?? code;
}

/** `<namespace>#<code>`, the namespace where the service has one. */
export function errorType(
  service: ServiceModel | undefined,
  operation: OperationModel | undefined,
  { code }: WireError,
): string {
  const shape = operation?.errors.get(code);
  const common = shape ? undefined : service?.commonErrors[code];
  const namespace = common?.namespace ?? service?.metadata.errorNamespace;
  const name = shape?.name ?? code;
  return namespace === undefined ? name : `${namespace}#${name}`;
}

/** What to say; AWS leaves the message out for some errors, such as a body that is no JSON or an unknown operation. */
export function messageOf(error: WireError): string | undefined {
  if (error instanceof WireProblem && !error.hasMessage) return undefined;
  return error.message === "" ? undefined : error.message;
}

/**
 * What is asked for exists in AWS and not here yet. Every codec writes it like any other error, so that a client sees
 * the name of what is missing instead of a made-up answer.
 */
export function notImplemented(serviceName: string, operationName: string | undefined): WireError {
  const what = operationName === undefined ? serviceName : `${serviceName} ${operationName}`;
  return {
    code: "NotImplemented",
    message: `${what} is not implemented by Tule yet.`,
    status: 501,
  };
}
