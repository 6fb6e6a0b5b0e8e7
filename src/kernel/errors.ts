/**
 * An error of the caller's, as the service's API names it. Handlers make one with `ctx.error(...)`; the
 * pipeline writes it in the request's protocol. HTTP status and wire name come from the model.
 */
export class ServiceError extends Error {
  override name = "ServiceError";
  readonly code: string;
  /** Further members of the error's shape, for example `CancellationReasons`. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Where the model is silent: 400, or 500 and above for a fault of the server's. */
  readonly status: number | undefined;
  /** Headers of the answer, in REST protocols; names in lower case. */
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    code: string,
    message: string,
    members: Readonly<Record<string, unknown>> = {},
    status?: number,
    headers?: Readonly<Record<string, string>>,
  ) {
    super(message);
    this.code = code;
    this.members = members;
    this.status = status;
    this.headers = headers;
    // Callers' errors are answers, not accidents: nobody reads their stack.
    // (Capturing one costs more than many handlers do.)
  }
}

/**
 * Codes that any operation may answer with, though few models declare them.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
 */
export type CommonErrorCode =
  | "AccessDeniedException"
  | "IncompleteSignature"
  | "InternalFailure"
  | "InvalidSignatureException"
  | "MissingAuthenticationToken"
  | "NotImplemented"
  | "RequestEntityTooLarge"
  | "SerializationException"
  | "ServiceUnavailable"
  | "ThrottlingException"
  | "UnknownOperationException"
  | "UnrecognizedClientException"
  | "ValidationException";
