import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  AwsChunkedDecoder,
  chunkedFormOf,
  chunkedOptionsOf,
  chunkSigner,
  decodeAwsChunked,
  decodeAwsChunkedBuffer,
} from "./aws-chunked.ts";
import type { ChunkedOptions, ChunkSigner } from "./aws-chunked.ts";
import { checksumOf } from "#base/checksums.ts";
import { parseAuthorization, verify } from "./sigv4.ts";

/** AWS's published examples: 65 KB of "a" in chunks of 64 KB and 1 KB. */
const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const atMs = 1_369_353_600_000; // 20130524T000000Z

function seeded(contentSha256: string, more: Record<string, string>): ChunkSigner {
  const headers: Record<string, string> = {
    "content-encoding": "aws-chunked",
    host: "s3.amazonaws.com",
    "x-amz-content-sha256": contentSha256,
    "x-amz-date": "20130524T000000Z",
    "x-amz-decoded-content-length": "66560",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    ...more,
  };
  const { authorization = "", ...signed } = headers;
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${Object.keys(signed).sort().join(";")},Signature=${authorization}`;
  const request = {
    method: "PUT",
    path: "/examplebucket/chunkObject.txt",
    query: "",
    headers,
  };
  const parsed = parseAuthorization(request);
  assert.ok(parsed.kind === "header", JSON.stringify(parsed));
  assert.equal(verify(parsed, request, secret, atMs), undefined, "the seed signature is right");
  return chunkSigner(parsed, secret);
}

const large = Buffer.alloc(65_536, "a");
const small = Buffer.alloc(1024, "a");

function signedBody(signatures: readonly [string, string, string], trailer: string): Buffer {
  const line = (size: string, signature: string): Buffer =>
    Buffer.from(`${size};chunk-signature=${signature}\r\n`);
  return Buffer.concat([
    line("10000", signatures[0]),
    large,
    Buffer.from("\r\n"),
    line("400", signatures[1]),
    small,
    Buffer.from("\r\n"),
    line("0", signatures[2]),
    Buffer.from(`${trailer}\r\n`),
  ]);
}

const payloadSigner = (): ChunkSigner =>
  seeded("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", {
    "content-length": "66824",
    authorization: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  });
const payloadBody = signedBody(
  [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  ],
  "",
);
const signedForm = { signed: true, trailer: false };

const trailerSigner = (): ChunkSigner =>
  seeded("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", {
    "x-amz-trailer": "x-amz-checksum-crc32c",
    authorization: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
  });
const trailerBody = signedBody(
  [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
  ],
  "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
);
const signedTrailerForm = { signed: true, trailer: true };
const unsignedForm = { signed: false, trailer: true };

const code = (expected: string) => (failure: unknown) => {
  assert.equal((failure as { code?: string }).code, expected);
  return true;
};

function decode(body: Buffer, options: ChunkedOptions): Buffer {
  return decodeAwsChunkedBuffer(body, new AwsChunkedDecoder(options));
}

void test("AWS's published signed chunks decode, and any change is found", () => {
  const options: ChunkedOptions = {
    form: signedForm,
    decodedBytes: 66_560,
    announced: undefined,
    signer: payloadSigner(),
  };
  assert.deepEqual(decode(payloadBody, options), Buffer.concat([large, small]));
  for (const at of [100, 66_000, payloadBody.length - 10]) {
    const changed = Buffer.from(payloadBody);
    changed[at] = changed[at] === 0x62 ? 0x63 : 0x62;
    assert.throws(() => decode(changed, options), code("SignatureDoesNotMatch"));
  }
});

void test("AWS's published signed trailer decodes, and any change is found", () => {
  const options: ChunkedOptions = {
    form: signedTrailerForm,
    decodedBytes: 66_560,
    announced: "x-amz-checksum-crc32c",
    signer: trailerSigner(),
  };
  const decoder = new AwsChunkedDecoder(options);
  assert.equal(decodeAwsChunkedBuffer(trailerBody, decoder).length, 66_560);
  assert.deepEqual({ ...decoder.trailers }, { "x-amz-checksum-crc32c": "sOO8/Q==" });
  const changed = Buffer.from(trailerBody.toString("latin1").replace("sOO8", "sOO9"), "latin1");
  assert.throws(() => decode(changed, options), code("SignatureDoesNotMatch"));
  assert.throws(
    () => decode(changed, { ...options, signer: undefined }),
    code("BadDigest"),
    "where signatures are not enforced the checksum still is",
  );
});

void test("a body in any pieces is the same body", async () => {
  for (const size of [1, 7, 1000, 65_536]) {
    const decoder = new AwsChunkedDecoder({
      form: signedTrailerForm,
      decodedBytes: 66_560,
      announced: "x-amz-checksum-crc32c",
      signer: trailerSigner(),
    });
    async function* pieces() {
      for (let at = 0; at < trailerBody.length; at += size)
        yield trailerBody.subarray(at, at + size);
    }
    const digest = createHash("sha256");
    for await (const part of decodeAwsChunked(pieces(), decoder)) digest.update(part);
    assert.equal(
      digest.digest("hex"),
      createHash("sha256")
        .update(Buffer.concat([large, small]))
        .digest("hex"),
    );
  }
});

const unsigned = (chunks: string, trailers: string, announced: string, decodedBytes: number) =>
  decode(Buffer.from(`${chunks}0\r\n${trailers}\r\n`, "latin1"), {
    form: unsignedForm,
    decodedBytes,
    announced,
    signer: undefined,
  }).toString("latin1");

void test("unsigned chunks with a trailing checksum of each kind", () => {
  for (const algorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const) {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const right = checksumOf(algorithm, Buffer.from("hello"));
    assert.equal(unsigned("5\r\nhello\r\n", `${name}:${right}\r\n`, name, 5), "hello");
    assert.throws(
      () => unsigned("5\r\nhellO\r\n", `${name}:${right}\r\n`, name, 5),
      code("BadDigest"),
    );
    assert.equal(
      unsigned("", `${name}: ${checksumOf(algorithm, Buffer.alloc(0))}\r\n`, name, 0),
      "",
    );
  }
});

void test("trailers must be those that were announced", () => {
  assert.throws(() => unsigned("", "", "x-amz-checksum-crc32", 0), code("MalformedTrailerError"));
  assert.throws(() => unsigned("", "x-amz-meta-a:b\r\n", "", 0), code("MalformedTrailerError"));
  assert.throws(() => unsigned("", "nonsense\r\n", "nonsense", 0), code("MalformedTrailerError"));
});

void test("too short, too long, or not chunks at all", () => {
  const name = "x-amz-checksum-crc32";
  assert.throws(() => unsigned("5\r\nhello\r\n", "", "", 6), code("IncompleteBody"));
  assert.throws(() => unsigned("5\r\nhello\r\n", "", "", 4), code("IncompleteBody"));
  assert.throws(() => unsigned("5\r\nhello!\r\n", "", "", 5), code("InvalidRequest"));
  assert.throws(() => unsigned("x\r\nhello\r\n", "", "", 5), code("InvalidRequest"));
  assert.throws(() => unsigned("-5\r\nhello\r\n", "", "", 5), code("InvalidRequest"));
  assert.throws(() => unsigned(`5;${"a".repeat(2000)}`, "", "", 5), code("InvalidRequest"));
  assert.throws(
    () => unsigned("5\r\nhello\r\n5\r\nhello\r\n", "", "", 10),
    code("InvalidChunkSizeError"),
  );
  const options = { form: unsignedForm, decodedBytes: 5, announced: name, signer: undefined };
  assert.throws(() => decode(Buffer.from("5\r\nhel"), options), code("IncompleteBody"));
  assert.throws(() => decode(Buffer.from("5\r\nhello\r\n0\r\n"), options), code("IncompleteBody"));
  assert.throws(
    () => unsigned("5\r\nhello\r\n0\r\n\r\n", "", "", 5),
    code("InvalidRequest"),
    "bytes behind the end",
  );
});

void test("the form is told by the declared payload hash; what nobody verifies is refused clearly", () => {
  assert.equal(chunkedFormOf(undefined), undefined);
  assert.equal(chunkedFormOf("UNSIGNED-PAYLOAD"), undefined);
  assert.deepEqual(chunkedFormOf("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), unsignedForm);
  for (const ecdsa of ["", "-TRAILER"])
    assert.throws(
      () => chunkedFormOf(`STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD${ecdsa}`),
      code("NotImplemented"),
    );
  assert.throws(() => chunkedFormOf("STREAMING-WHATEVER"), code("InvalidRequest"));
  const headers = { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" };
  assert.throws(() => chunkedOptionsOf(headers, undefined), code("MissingContentLength"));
  assert.equal(
    chunkedOptionsOf({ ...headers, "x-amz-decoded-content-length": "7" }, undefined)?.decodedBytes,
    7,
  );
});
