/**
 * What a codec is: bytes of one of AWS's protocols to typed input, and typed output or an error back to bytes.
 * Codecs keep no state and know no service: all they need stands in the operation's shape table.
 */
import type { StreamingBody } from "#models/contract.ts";
import type { OperationModel, ServiceModel } from "./shapes.ts";

export interface DecodeRequest {
  method: string;
  /** Path as sent, still percent-encoded, without the query. */
  path: string;
  /** What stands after `?`, still encoded; "" if nothing does. */
  query: string;
  /** Names in lower case; a header that came several times is joined with ",". */
  headers: Readonly<Record<string, string | undefined>>;
  /** The whole body without transfer, aws-chunked and content encodings. Empty if the operation streams its input. */
  body: Buffer;
  /** The body of an operation whose input has a streaming member; `body` serves if this is missing. */
  stream?: StreamingBody | undefined;
}

export interface EncodedResponse {
  status: number;
  /** Names in lower case. Without content-length, date and connection headers: they are the gateway's. */
  headers: Record<string, string>;
  body: Buffer;
  /** Sent after `body` where the output streams: an object's bytes, an event stream. */
  stream?: AsyncIterable<Uint8Array>;
}

/** An error on its way to the client. */
export interface WireError {
  /** As the model names it: "ConditionalCheckFailedException". */
  code: string;
  message?: string | undefined;
  /** HTTP status; by default what the model says for this code, otherwise 400. */
  status?: number | undefined;
  /** Of the answer, names in lower case: where a bucket really is, what a version is. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Further members of the error's shape: `Item`, `CancellationReasons`. */
  members?: Readonly<Record<string, unknown>> | undefined;
}

export interface Protocol {
  /** Wire to typed input, checked for its types but not validated. Throws only `WireProblem`. */
  decode(operation: OperationModel, request: DecodeRequest): unknown;
  encode(operation: OperationModel, output: unknown, requestId: string): EncodedResponse;
  /** `service` is undefined where not even the service was found; `operation` where only the operation was not. */
  encodeError(
    service: ServiceModel | undefined,
    operation: OperationModel | undefined,
    error: WireError,
    requestId: string,
  ): EncodedResponse;
}

/** Bytes that are no request of the protocol, or have values of a wrong type. */
export class WireProblem extends Error implements WireError {
  readonly code: string;
  readonly status: number;
  /** AWS leaves the message out for some: a body that is no JSON. */
  readonly hasMessage: boolean;

  constructor(code: string, message?: string, status = 400) {
    super(message ?? code);
    this.code = code;
    this.status = status;
    this.hasMessage = message !== undefined;
  }
}
