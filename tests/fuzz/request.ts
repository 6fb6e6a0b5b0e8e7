import { gzipSync } from "node:zlib";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { signHeaders } from "#wire/sigv4-sign.ts";
import { fuzzedAccount } from "./clients.ts";
import { cborBytes, jsonBytes } from "./encode.ts";
import { mutate } from "./mutate.ts";
import { pick } from "./pick.ts";
import { operationNames, validCall } from "./valid-calls.ts";

/** One that the server knows: what is signed with it is verified, with `--auth open` too. */
export const knownKey = { accessKeyId: "AKIAFUZZFUZZFUZZ", secretAccessKey: "fuzz" };

export interface FuzzRequest {
  /** What it was made from, for a report. */
  readonly operation: string;
  readonly bytes: Buffer;
}

interface Draft {
  method: string;
  path: string;
  body: Buffer;
  headers: Record<string, string>;
}

/** The request with this number of this seed: always the same, whatever was sent before. */
export function fuzzRequest(seed: number, number: number): FuzzRequest {
  const random = seededRandom(seed * 2 ** 26 + number);
  const { operation, input } = validCall(random);
  const isMutated = random.chance(0.75);
  const value = isMutated ? mutate(random, input) : input;
  const draft = pick(random, encodings)(operation, value);
  if (random.chance(0.08)) draft.body = changedBytes(random, draft.body);
  if (random.chance(0.04)) Object.assign(draft, pick(random, otherCalls)(random));
  if (random.chance(0.12)) pick(random, oddities)(random, draft);
  return { operation, bytes: requestBytes(draft) };
}

type Encoding = (operation: string, value: Parameters<typeof jsonBytes>[0]) => Draft;

const credential = (key: string): string =>
  `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/dynamodb/aws4_request, ` +
  `SignedHeaders=host, Signature=${"0".repeat(64)}`;

function draft(path: string, body: Buffer, headers: Record<string, string>): Draft {
  const authorization = credential(fuzzedAccount);
  return { method: "POST", path, body, headers: { host: "127.0.0.1", authorization, ...headers } };
}

const json: Encoding = (operation, value) =>
  draft("/", jsonBytes(value), {
    "x-amz-target": `DynamoDB_20120810.${operation}`,
    "content-type": "application/x-amz-json-1.0",
  });

const rpcCbor: Encoding = (operation, value) =>
  draft(`/service/DynamoDB_20120810/operation/${operation}`, cborBytes(value), {
    "smithy-protocol": "rpc-v2-cbor",
    "content-type": "application/cbor",
    accept: "application/cbor",
  });

const legacyCbor: Encoding = (operation, value) =>
  draft("/", cborBytes(value), {
    "x-amz-target": `DynamoDB_20120810.${operation}`,
    "content-type": "application/x-amz-cbor-1.1",
  });

const encodings: readonly Encoding[] = [json, json, json, json, json, json, rpcCbor, legacyCbor];

function changedBytes(random: SeededRandom, body: Buffer): Buffer {
  const at = random.below(body.length + 1);
  const end = Math.min(body.length, at + random.below(20));
  // prettier-ignore
  const badText = pick(random, ["ff", "c0af", "eda080", "f8888080", "00", "efbbbf", "5b", "7b", "22", "5c75", "fe", "9f", "bf", "db", "c249"]);
  return pick(random, [
    () => body.subarray(0, at),
    () => Buffer.concat([body.subarray(0, at), body.subarray(end)]),
    () => Buffer.concat([body.subarray(0, at), Buffer.from(badText, "hex"), body.subarray(at)]),
    () => Buffer.concat([body.subarray(0, at), random.bytes(8), body.subarray(end)]),
    () => Buffer.concat([body, body]),
    () => random.bytes(random.below(200)),
  ])();
}

/** Calls of the other protocols and services. */
const otherCalls: readonly ((random: SeededRandom) => Partial<Draft>)[] = [
  (random) => {
    // prettier-ignore
    const pieces = [
      "Action=GetCallerIdentity", "&", "=", "%", "%zz", "%41", "+", "Version=2011-06-15", "Tags.member.1.Key",
      "Action=AssumeRole", "\0", "é", "Action=", "&&", ".", "Action=ListQueues", "AUTHPARAMS", "x".repeat(5000),
    ];
    const begin = random.chance(0.7) ? "Action=GetCallerIdentity&Version=2011-06-15&" : "";
    const rest = Array.from({ length: random.below(8) }, () => pick(random, pieces)).join("");
    const headers = {
      host: "127.0.0.1",
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      accept: pick(random, ["application/json", "*/*"]),
    };
    return { path: "/", body: Buffer.from(begin + rest), headers };
  },
  (random) => ({
    // prettier-ignore
    path: pick(random, [
      "/?Action=GetCallerIdentity", "/?Action=%", "/%", "/%00", "/bucket/key?uploads", "/2015-03-31/functions/x",
      "/restapis", "/v20180820/x", "/@connections/x", "/service/x/operation/y", "//", "/..;/", "/?", "/_tule/health",
      "/_localstack/info", "/_tule/nothing", "/_aws/execute-api/a/b", `/${"a".repeat(9000)}`, "/\u00ff", "*",
    ]),
    method: pick(random, ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]),
  }),
  (random) => ({
    path: `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${knownKey.accessKeyId}%2F20260101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=${pick(random, ["20260101T000000Z", "x", "%zz"])}&X-Amz-Expires=${pick(random, ["60", "-1", "1e9", ""])}&X-Amz-SignedHeaders=host&X-Amz-Signature=${pick(random, ["00", "%", "é"])}&Action=GetCallerIdentity&Version=2011-06-15`,
    method: pick(random, ["GET", "POST"]),
  }),
];

type Oddity = (random: SeededRandom, draft: Draft) => void;

const header =
  (name: string, ...values: readonly string[]): Oddity =>
  (random, { headers }) => {
    headers[name] = pick(random, values);
  };

// prettier-ignore
const oddities: readonly Oddity[] = [
  header("x-amz-target", "", ".", "DynamoDB_20120810.", "DynamoDB_20120810.Nothing", "DynamoDB_20120810.getItem",
    "DynamoDBStreams_20120810.ListStreams", "DynamoDB_20111205.GetItem", "AmazonSQS.SendMessage", "x".repeat(3000),
    "DynamoDB_20120810.ExecuteStatement", "DynamoDB_20120810.constructor", "__proto__.__proto__", "\u00e9.\u00e9"),
  (random, { headers }) => {
    headers["x-amz-target"] = `DynamoDB_20120810.${pick(random, operationNames)}`;
  },
  header("content-type", "", "application/json", "application/x-amz-json-1.1", "text/plain", "application/cbor",
    "application/x-amz-cbor-1.1", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "\u00ff"),
  header("authorization", "", "AWS4-HMAC-SHA256", "Bearer x", "AWS4-HMAC-SHA256 Credential=", "AWS x:y",
    "AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=;;;, Signature=", "AWS4-ECDSA-P256-SHA256 Credential=x",
    credential("\u00e9"), credential(knownKey.accessKeyId), `${credential(fuzzedAccount)},Signature=,,=,`,
    credential(knownKey.accessKeyId).replace("host", "host;nothing;__proto__"), credential("x".repeat(2000)),
    credential(fuzzedAccount).replace("us-east-1", "xx"), credential(fuzzedAccount).replace("us-east-1", "../../a\u00e9")),
  header("x-amz-date", "", "x", "20260101T000000Z", "99999999T999999Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
  header("x-amz-content-sha256", "", "UNSIGNED-PAYLOAD", "0".repeat(64), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
  header("content-encoding", "gzip", "deflate", "br", "zstd", "aws-chunked", "aws-chunked,gzip", "identity", "x", ",,"),
  header("x-amz-decoded-content-length", "0", "-1", "x", "99999999999"),
  header("x-amz-trailer", "x-amz-checksum-crc32", "x", ""),
  header("x-amz-checksum-crc32", "AAAAAA==", "x"),
  header("host", "", "bucket.s3.localhost.localstack.cloud", "x.execute-api.localhost", "a.lambda-url.b", "[::1]:99",
    "sqs.us-east-1.localhost.localstack.cloud:4566", "..", "\u00e9"),
  header("expect", "100-continue", "nonsense"),
  header("accept", "application/json", "application/cbor", "text/xml;q=x"),
  header("accept-encoding", "gzip", "br;q=1, *;q=0", ",,,"),
  header("x-big", "x".repeat(10_000), "x".repeat(70_000)),
  (_random, draft) => {
    draft.headers["content-encoding"] = "gzip";
    draft.body = gzipSync(draft.body);
  },
  (random, draft) => {
    // Small on the wire, 40 MB when unzipped: over what a request may have. Each takes the time of a hundred others.
    if (random.chance(0.9)) return;
    draft.headers["content-encoding"] = "gzip";
    draft.body = bomb();
  },
  (random, draft) => {
    const { headers, body, path, method } = draft;
    const [bare = "", query = ""] = path.split("?");
    delete headers["authorization"];
    const signer = { ...knownKey, region: "us-east-1", service: "dynamodb" };
    const request = { method, path: bare, query, headers };
    const atMs = random.chance(0.5) ? Date.now() : random.below(2 ** 42);
    draft.headers = signHeaders(signer, request, atMs, body);
    if (random.chance(0.5)) headers["x-amz-security-token"] = "x";
  },
  (_random, draft) => {
    draft.headers["content-encoding"] = "aws-chunked";
    draft.headers["x-amz-content-sha256"] = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    draft.headers["x-amz-decoded-content-length"] = String(draft.body.length);
    const size = draft.body.length.toString(16);
    const parts = [`${size}\r\n`, draft.body, "\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"];
    draft.body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  },
];

let bombBytes: Buffer | undefined;
const bomb = (): Buffer => (bombBytes ??= gzipSync(Buffer.alloc(40 * 2 ** 20, " ")));

function requestBytes({ method, path, headers, body }: Draft): Buffer {
  const lines = Object.entries({ ...headers, "content-length": String(body.length) });
  const head = [`${method} ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}
