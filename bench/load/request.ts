/**
 * Requests are built once, as bytes. What differs from one to the next is only numbers in their keys:
 * fixed-width digits at known places, overwritten in a connection's own copy before each send. So the
 * generator does next to no work per request and still reaches every key.
 */

/** How many digits each number in a key has. */
export const keyDigits = 8;

/** Where the next number comes from. */
export type KeySource =
  /** Any number below the limit, each as likely. */
  | { readonly pick: "random"; readonly below: number }
  /** Likewise, but no two connections ever pick the same: their transactions can't conflict. */
  | { readonly pick: "own"; readonly below: number }
  /** The request's own number (0, 1, 2 … over all connections) x step + plus: fills a range without gaps. */
  | { readonly pick: "next"; readonly step: number; readonly plus: number };

export interface KeySlot {
  readonly offset: number;
  readonly source: KeySource;
}

/** A whole HTTP request with places for numbers. */
export interface RequestTemplate {
  readonly bytes: Uint8Array;
  readonly slots: readonly KeySlot[];
}

/** Hands out placeholders to put into a request's body, and finds them again in its bytes. */
export class KeySlots {
  readonly #sources: KeySource[] = [];

  random(below: number): string {
    return this.#add({ pick: "random", below });
  }

  own(below: number): string {
    return this.#add({ pick: "own", below });
  }

  next(step: number, plus: number): string {
    return this.#add({ pick: "next", step, plus });
  }

  locate(bytes: Buffer): KeySlot[] {
    return this.#sources.map((source, index) => {
      const offset = bytes.indexOf(placeholder(index));
      if (offset < 0) throw new Error(`a request makes no use of its key number ${index}`);
      return { offset, source };
    });
  }

  #add(source: KeySource): string {
    this.#sources.push(source);
    return placeholder(this.#sources.length - 1);
  }
}

/** As wide as the number that takes its place, and nothing else in a request looks like it. */
function placeholder(index: number): string {
  return `<#${String(index).padStart(keyDigits - 3, "0")}>`;
}

/** Overwrites the digits in `bytes`. `connection` is below `connections`, `number` counts all requests. */
export function fillKeys(
  bytes: Uint8Array,
  slots: readonly KeySlot[],
  connection: number,
  connections: number,
  number: number,
): void {
  for (const { offset, source } of slots) {
    let value: number;
    if (source.pick === "random") value = Math.floor(Math.random() * source.below);
    else if (source.pick === "next") value = number * source.step + source.plus;
    else {
      const shares = Math.max(1, Math.floor(source.below / connections));
      value = Math.floor(Math.random() * shares) * connections + connection;
    }
    for (let at = offset + keyDigits - 1; at >= offset; at--) {
      bytes[at] = 48 + (value % 10);
      value = Math.floor(value / 10);
    }
  }
}

/**
 * A DynamoDB request with the headers that an SDK sends. The signature has the right form and a made-up value:
 * neither Tule with open authentication nor any of the peers checks it for an unknown key.
 */
export function dynamodbRequest(
  operation: string,
  input: object,
  slots = new KeySlots(),
): RequestTemplate {
  const body = JSON.stringify(input);
  const head = [
    "POST / HTTP/1.1",
    "host: 127.0.0.1",
    "content-type: application/x-amz-json-1.0",
    "accept-encoding: identity",
    "user-agent: aws-sdk-js/3.1164.0 ua/2.1 os/linux lang/js api/dynamodb#3.1164.0",
    "amz-sdk-invocation-id: 5f0c1f4e-5d2c-4b12-9f0a-2f6c4b1d7e90",
    "amz-sdk-request: attempt=1; max=3",
    `x-amz-target: DynamoDB_20120810.${operation}`,
    "x-amz-date: 20260101T000000Z",
    "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    `authorization: AWS4-HMAC-SHA256 Credential=AKIDBENCHMARK0000000/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-target, Signature=${"0".repeat(64)}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: keep-alive",
    "",
    "",
  ].join("\r\n");
  const bytes = Buffer.from(head + body);
  return { bytes, slots: slots.locate(bytes) };
}
