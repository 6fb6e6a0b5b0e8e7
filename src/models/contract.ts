/** The few types that all generated model files share. */

/** Milliseconds since 1970 (UTC). The codecs turn it into what the protocol wants: seconds, ISO 8601 or HTTP dates. */
export type EpochMilliseconds = number;

/** The body of a request or answer that may be too large for memory. */
export type StreamingBody = Uint8Array | AsyncIterable<Uint8Array>;

/** The input of an operation that takes none. */
export type NoInput = Record<never, never>;

/** The output of an operation that returns none: a handler may return `{}` or nothing. */
// oxlint-disable-next-line typescript/no-invalid-void-type -- nothing to return is what it means
export type NoOutput = Record<never, never> | void;

/** What each operation in a generated service interface looks like, for generic code such as `Handlers<Service>`. */
export interface OperationTypes {
  input: object;
  output: object | void;
  error: string;
}
