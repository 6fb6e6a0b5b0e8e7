import { CborWriter } from "./cbor-writer.ts";
import { encodeItemBody, type AttributeListIds } from "./items.ts";
import type { Item } from "./attribute-values.ts";

/** An error as the protocol has it: a path of numbers that names its kind, words, and what DynamoDB said. */
export interface ProtocolError {
  readonly codes: readonly number[];
  readonly message: string;
  readonly requestId: string;
  readonly code: string;
  readonly status: number;
  /** Of a transaction that was cancelled: one for each of its actions. */
  readonly reasons?: readonly CancellationReason[];
}

export interface CancellationReason {
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  /** Without its key attributes, which the client knows. */
  readonly Item?: Item | undefined;
}

/** A client's mistake, from DynamoDB: the last number says which. Clients take the error's name from it. */
const fromDynamoDB = (last: number): readonly number[] => [4, 37, 38, 39, last];

const codesByName: Readonly<Record<string, readonly number[]>> = {
  ProvisionedThroughputExceededException: fromDynamoDB(40),
  ResourceNotFoundException: fromDynamoDB(41),
  ConditionalCheckFailedException: fromDynamoDB(43),
  ResourceInUseException: fromDynamoDB(45),
  ValidationException: fromDynamoDB(46),
  ItemCollectionSizeLimitExceededException: fromDynamoDB(48),
  LimitExceededException: fromDynamoDB(49),
  ThrottlingException: fromDynamoDB(50),
  TransactionCanceledException: fromDynamoDB(58),
  RequestLimitExceeded: fromDynamoDB(61),
  AccessDeniedException: [4, 37, 38, 42],
};

/** A fault of the server's, which clients do not retry by themselves when it may have written. */
export const internalFault: readonly number[] = [3, 37, 54];
/** The connection has not said who it is, or not rightly: clients sign in anew before they try again. */
export const notAuthenticated: readonly number[] = [4, 23, 31, 33];
/** Who it is must not use this cluster. */
export const notAuthorized: readonly number[] = [4, 37, 38, 42];

/** The path of an error of DynamoDB's; of one without a number of its own, the clients take `code`. */
export function codesOf(code: string): readonly number[] {
  return codesByName[code] ?? [4, 37, 38, 39];
}

export function encodeError(error: ProtocolError, lists?: AttributeListIds): Buffer {
  const writer = new CborWriter();
  writer.array(error.codes.length);
  for (const code of error.codes) writer.integer(code);
  writer.text(error.message);
  writer.array(error.reasons === undefined ? 3 : 4);
  writer.text(error.requestId).text(error.code).integer(error.status);
  if (error.reasons !== undefined) {
    writer.array(error.reasons.length * 3);
    for (const reason of error.reasons) writeReason(writer, reason, lists);
  }
  return writer.finish();
}

function writeReason(
  writer: CborWriter,
  { Code: code, Message: message, Item: item }: CancellationReason,
  lists: AttributeListIds | undefined,
): void {
  if (code === undefined) writer.null();
  else writer.text(code);
  if (message === undefined) writer.null();
  else writer.text(message);
  if (item === undefined || lists === undefined) writer.null();
  else writer.byteString(encodeItemBody(item, lists));
}
