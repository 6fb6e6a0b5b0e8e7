import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { AwsChunkedDecoder, ChunkedProblem } from "./aws-chunked.ts";
import { signHeaders } from "./sigv4-sign.ts";
import { parseAuthorization, verify } from "./sigv4.ts";

/** Whatever a client sends, reading and checking its signature ends in a verdict, never in a failure of ours. */
const anyText = fc.string({ unit: "binary", maxLength: 60 });
const piece = fc.oneof(
  anyText,
  fc.constantFrom(
    "AWS4-HMAC-SHA256",
    " Credential=",
    "AKID/20260101/us-east-1/s3/aws4_request",
    ", SignedHeaders=",
    "host;x-amz-date",
    ",Signature=",
    "0".repeat(64),
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&",
    "X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&",
    "X-Amz-Date=20260101T000000Z&",
    "X-Amz-Expires=60&",
    "X-Amz-SignedHeaders=host&",
    "X-Amz-Signature=",
    "%",
    "%zz",
    "%ff",
    "+",
    "..",
    "//",
  ),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
const request = fc.record({
  method: fc.constantFrom("GET", "POST"),
  path: text.map((path) => `/${path}`),
  query: text,
  headers: fc.record(
    { host: anyText, authorization: text, "x-amz-date": text },
    { requiredKeys: [] },
  ),
});

void test("noise in place of a signature gets a verdict", () => {
  fc.assert(
    fc.property(request, (noise) => {
      const parsed = parseAuthorization(noise);
      if (parsed.kind === "header" || parsed.kind === "presigned")
        assert.ok(verify(parsed, noise, "secret", 0) !== undefined);
    }),
    { numRuns: 2000 },
  );
});

void test("whatever the path, query and headers are, our signature of them verifies", () => {
  const signer = { accessKeyId: "A", secretAccessKey: "s", region: "r" };
  fc.assert(
    fc.property(
      request,
      fc.constantFrom("s3", "sqs"),
      ({ method, path, query, headers }, service) => {
        const plain = { method, path, query, headers: { host: headers.host ?? "x" } };
        const signed = { ...plain, headers: signHeaders({ ...signer, service }, plain, 0) };
        const parsed = parseAuthorization(signed);
        assert.ok(parsed.kind === "header");
        assert.equal(verify(parsed, signed, "s", 0), undefined);
      },
    ),
    { numRuns: 1000 },
  );
});

void test("noise in place of chunks is refused as the client's mistake", () => {
  const chunkPiece = fc.oneof(
    anyText,
    fc.constantFrom("5\r\nhello\r\n", "0\r\n", "\r\n", "0", "5;chunk-signature=", "a:b\r\n", "\n"),
  );
  fc.assert(
    fc.property(fc.array(chunkPiece, { maxLength: 10 }), fc.boolean(), (pieces, isSigned) => {
      const decoder = new AwsChunkedDecoder({
        form: { signed: isSigned, trailer: true },
        decodedBytes: undefined,
        announced: "a",
        signer: undefined,
      });
      try {
        for (const one of pieces) decoder.push(Buffer.from(one, "latin1"));
        decoder.end();
      } catch (failure) {
        assert.ok(failure instanceof ChunkedProblem, String(failure));
      }
    }),
    { numRuns: 2000 },
  );
});
