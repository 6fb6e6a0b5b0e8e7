import assert from "node:assert/strict";
import { test } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { errorFor, missingAuthentication, unknownAccessKey } from "./sigv4-problems.ts";
import { presignQuery, signHeaders } from "./sigv4-sign.ts";
import { basicTime, parseBasicTime, parseHttpDate } from "./sigv4-time.ts";
import { parseAuthorization, signatureMismatch, verify } from "./sigv4.ts";
import type { SignableRequest, Signed, SigV4Problem, VerifyOptions } from "./sigv4.ts";

const accessKeyId = "AKIDEXAMPLE";
const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const nowMs = 1_440_938_160_000; // 20150830T123600Z

function signedOf(request: SignableRequest): Signed {
  const authorization = parseAuthorization(request);
  assert.ok(
    authorization.kind === "header" || authorization.kind === "presigned",
    JSON.stringify(authorization),
  );
  return authorization;
}

function check(
  request: SignableRequest,
  options: VerifyOptions & { atMs?: number; secret?: string } = {},
): SigV4Problem | undefined {
  return verify(
    signedOf(request),
    request,
    options.secret ?? secret,
    options.atMs ?? nowMs,
    options,
  );
}

/** The SDK's own signer, which the client brings along. */
interface SdkRequest {
  method: string;
  protocol: string;
  hostname: string;
  path: string;
  query: Record<string, string | string[]>;
  headers: Record<string, string>;
  body?: string;
}
interface SdkSigner {
  sign(request: SdkRequest, options: object): Promise<SdkRequest>;
  presign(request: SdkRequest, options: object): Promise<SdkRequest>;
}
interface SdkSignerClass {
  new (options: object): SdkSigner;
}

async function sdkSigner(service: string, sessionToken?: string): Promise<SdkSigner> {
  const client = new DynamoDBClient({
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey: secret },
  });
  const signer = await client.config.signer({
    schemeId: "aws.auth#sigv4",
    signingProperties: {},
    identity: undefined,
    signer: undefined,
  } as never);
  client.destroy();
  const signerClass = signer.constructor as unknown as SdkSignerClass;
  // What the SDK hashes with is handed in; it wants update() and an asynchronous digest().
  const sha256 = client.config.sha256;
  return new signerClass({
    service,
    region: "us-east-1",
    credentials: {
      accessKeyId,
      secretAccessKey: secret,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    sha256,
    uriEscapePath: service !== "s3",
  });
}

/** What a client puts on the wire for the SDK's request. */
function onTheWire(request: SdkRequest): SignableRequest {
  const encode = (text: string): string =>
    encodeURIComponent(text).replaceAll(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const query = Object.entries(request.query).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encode(name)}=${encode(value)}`),
  );
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  return { method: request.method, path: request.path, query: query.join("&"), headers };
}

const shapes: readonly {
  readonly name: string;
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}[] = [
  { name: "a plain request" },
  { name: "a body", body: '{"TableName":"a"}' },
  { name: "a body outside ASCII", body: "grüße 🐇" },
  { name: "a path that was encoded", path: "/a%20b/c%2Fd/%C3%BC" },
  { name: "an encoded percent sign", path: "/100%2525" },
  { name: "punctuation in the path", path: "/a:b@c=d+e,f!g'h(i)j*k~l" },
  { name: "an ARN in the path", path: "/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af" },
  { name: "doubled slashes and dots", path: "/a//b/./c/../d/" },
  { name: "a trailing slash", path: "/2015-03-31/functions/" },
  { name: "an empty query value", query: { acl: "", uploads: "" } },
  { name: "a query in another order", query: { z: "1", a: "2", "a-b": "3", A: "4", aa: "5" } },
  { name: "a query name given twice", query: { p: ["b", "a", "B"], o: "x" } },
  { name: "a query outside ASCII", query: { "prefix ü": "a b+c&d=e/f%g~" } },
  {
    name: "spaces in header values",
    headers: { "x-amz-meta-a": "  a   b  c ", "x-amz-meta-b": "" },
  },
  { name: "many headers", headers: { "X-Amz-Target": "A.B", "Content-Type": "a/b; c=d" } },
];

for (const service of ["dynamodb", "s3"])
  for (const shape of shapes)
    void test(`the SDK's signature is right for ${service} with ${shape.name}`, async () => {
      const request: SdkRequest = {
        method: shape.body === undefined ? "GET" : "POST",
        protocol: "https:",
        hostname: "example.amazonaws.com",
        path: shape.path ?? "/",
        query: shape.query ?? {},
        headers: { host: "example.amazonaws.com", ...shape.headers },
        ...(shape.body === undefined ? {} : { body: shape.body }),
      };
      const body = Buffer.from(shape.body ?? "");
      const signer = await sdkSigner(service, "token+/=");
      const when = { signingDate: new Date(nowMs) };
      const signed = onTheWire(await signer.sign(structuredClone(request), when));
      assert.equal(check(signed, { body }), undefined);
      assert.equal(signedOf(signed).sessionToken, "token+/=");
      assert.equal(check(signed, { body, secret: "x" })?.code, "SignatureDoesNotMatch");
      const tampered = { ...signed, path: `${signed.path}x` };
      assert.equal(check(tampered, { body })?.code, "SignatureDoesNotMatch");

      if (shape.body !== undefined) return;
      const presigned = onTheWire(
        await signer.presign(structuredClone(request), { ...when, expiresIn: 600 }),
      );
      const found = signedOf(presigned);
      assert.equal(found.kind, "presigned");
      assert.equal(found.expiresSeconds, 600);
      // Query presigning for S3 hashes nothing only when the client says so; the bare signer hashes the empty body.
      if (service !== "s3") assert.equal(check(presigned), undefined);
    });

void test("AWS's published examples verify", () => {
  const vanilla: SignableRequest = {
    method: "GET",
    path: "/",
    query: "",
    headers: {
      host: "example.amazonaws.com",
      "x-amz-date": "20150830T123600Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    },
  };
  assert.equal(check(vanilla, { body: Buffer.alloc(0) }), undefined);
  const presigned: SignableRequest = {
    method: "GET",
    path: "/test.txt",
    query:
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    headers: { host: "examplebucket.s3.amazonaws.com" },
  };
  const s3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  const signedAtMs = parseBasicTime("20130524T000000Z")!;
  const at = (atMs: number) => check(presigned, { secret: s3Secret, atMs });
  assert.equal(at(signedAtMs), undefined);
  assert.equal(at(signedAtMs + 86_399_000), undefined);
  assert.equal(at(signedAtMs + 86_400_000)?.code, "RequestExpired");
  assert.equal(at(signedAtMs - 16 * 60_000)?.code, "SignatureNotYetCurrent");
});

const signer = { accessKeyId, secretAccessKey: secret, region: "eu-west-1", service: "sqs" };
const plain: SignableRequest = {
  method: "POST",
  path: "/",
  query: "",
  headers: { host: "localhost:4566", "content-type": "application/x-amz-json-1.0" },
};

void test("our own signer and verifier agree, in both forms", () => {
  const body = Buffer.from("{}");
  const headers = signHeaders(signer, plain, nowMs, body);
  assert.equal(check({ ...plain, headers }, { body }), undefined);
  assert.equal(
    check({ ...plain, headers }, { body: Buffer.from("{ }") })?.message,
    signatureMismatch,
  );
  const asked = { ...plain, method: "GET", query: "list-type=2&prefix=a%20b" };
  for (const service of ["sqs", "s3"]) {
    const query = presignQuery({ ...signer, service, sessionToken: "t/t" }, asked, nowMs, 60);
    assert.equal(check({ ...asked, query }), undefined);
  }
});

void test("a declared body hash is compared with the body", () => {
  const body = Buffer.from("hello");
  const put = { ...plain, method: "PUT", path: "/bucket/key" };
  const headers = signHeaders({ ...signer, service: "s3" }, put, nowMs, body);
  assert.equal(check({ ...put, headers }, { body }), undefined);
  assert.equal(check({ ...put, headers }), undefined, "who streams the body compares it later");
  const other = check({ ...put, headers }, { body: Buffer.from("hellO") });
  assert.equal(other?.code, "ContentHashMismatch");
  const unsigned = signHeaders({ ...signer, service: "s3" }, put, nowMs, "UNSIGNED-PAYLOAD");
  assert.equal(check({ ...put, headers: unsigned }, { body }), undefined);
});

void test("the clock may be 15 minutes off, and the message says both times", () => {
  const request = { ...plain, headers: signHeaders(signer, plain, nowMs) };
  const at = (atMs: number) => check(request, { atMs });
  assert.equal(at(nowMs + 15 * 60_000), undefined);
  assert.equal(at(nowMs - 15 * 60_000), undefined);
  assert.equal(
    at(nowMs + 20 * 60_000)?.message,
    "Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z (20150830T125600Z - 15 min.)",
  );
  assert.equal(
    at(nowMs - 20 * 60_000)?.message,
    "Signature not yet current: 20150830T123600Z is still later than 20150830T123100Z (20150830T121600Z + 15 min.)",
  );
});

void test("what is missing in the header is named, and the header itself is not repeated", () => {
  const authorization = "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request";
  const parsed = parseAuthorization({ ...plain, headers: { authorization } });
  assert.ok(parsed.kind === "problem");
  assert.equal(parsed.code, "IncompleteSignature");
  assert.match(
    parsed.message,
    /^Authorization header requires 'Signature' parameter\. Authorization header requires 'SignedHeaders' parameter\. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. \(Hashed/,
  );
  assert.ok(!parsed.message.includes("20150830"));
});

const refusals: readonly [header: string, code: string][] = [
  ["AWS4-HMAC-SHA256 nonsense", "IncompleteSignature"],
  ["AWS4-HMAC-SHA256", "IncompleteSignature"],
  ["AWS4-ECDSA-P256-SHA256 Credential=a", "UnsupportedAlgorithm"],
  ["AWS AKID:signature", "UnsupportedAlgorithm"],
  ["AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", "MalformedCredential"],
  [
    "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/x, SignedHeaders=host, Signature=0",
    "InvalidSignature",
  ],
];
for (const [authorization, code] of refusals)
  void test(`"${authorization}" is refused as ${code}`, () => {
    const headers = { ...plain.headers, "x-amz-date": "20150830T123600Z", authorization };
    const parsed = parseAuthorization({ ...plain, headers });
    assert.ok(parsed.kind === "problem");
    assert.equal(parsed.code, code);
  });

void test("a signature must cover the host and its own date, on the day of its scope", () => {
  const withHeader = (authorization: string): SignableRequest => ({
    ...plain,
    headers: { ...plain.headers, "x-amz-date": "20150830T123600Z", authorization },
  });
  const of = (date: string, signedHeaders: string) =>
    check(
      withHeader(
        `AWS4-HMAC-SHA256 Credential=a/${date}/r/s/aws4_request, SignedHeaders=${signedHeaders}, Signature=0`,
      ),
    )?.message ?? "";
  assert.match(of("20150830", "x-amz-date"), /'Host' or ':authority' must be a 'SignedHeader'/);
  assert.match(of("20150830", "host"), /'X-Amz-Date' must be a 'SignedHeader'/);
  assert.match(of("20150831", "host;x-amz-date"), /'20150831' != '20150830'/);
});

void test("a presigned request ends when it says, but one to STS after 15 minutes", () => {
  const after = (service: string, seconds: number) => {
    const query = presignQuery({ ...signer, service }, plain, nowMs, 60);
    return check({ ...plain, query }, { atMs: nowMs + seconds * 1000 })?.code;
  };
  assert.equal(after("s3", 59), undefined);
  assert.equal(after("s3", 60), "RequestExpired");
  assert.equal(after("sts", 900), undefined);
  assert.equal(after("sts", 901), "SignatureExpired");
});

void test("expiry of presigned requests is 0 seconds to a week", () => {
  const of = (expires: string) => {
    const query = presignQuery(signer, plain, nowMs, 60).replace(
      "Expires=60",
      `Expires=${expires}`,
    );
    return parseAuthorization({ ...plain, query });
  };
  assert.equal(of("604800").kind, "presigned");
  for (const bad of ["604801", "-1", "x", "1e3"]) {
    const parsed = of(bad);
    assert.ok(parsed.kind === "problem");
    assert.equal(parsed.code, "InvalidExpiry");
  }
});

void test("requests without our signature are told apart", () => {
  const kind = (query: string, authorization?: string) =>
    parseAuthorization({
      ...plain,
      query,
      headers: authorization === undefined ? {} : { authorization },
    }).kind;
  assert.equal(kind(""), "anonymous");
  assert.equal(kind("a=b"), "anonymous");
  assert.equal(kind("", "Bearer x"), "other");
  assert.equal(kind("AWSAccessKeyId=a&Signature=b%3D&Expires=1"), "presigned-v2");
});

void test("each protocol has its own words for a problem", () => {
  const wrong: SigV4Problem = {
    kind: "problem",
    code: "SignatureDoesNotMatch",
    message: signatureMismatch,
  };
  assert.deepEqual(errorFor(wrong, "json"), {
    code: "InvalidSignatureException",
    message: signatureMismatch,
    status: 400,
  });
  assert.equal(errorFor(wrong, "query").code, "SignatureDoesNotMatch");
  // recorded: S3 says it shorter.
  assert.equal(
    errorFor(wrong, "s3").message,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  );
  assert.equal(errorFor(unknownAccessKey, "json").code, "UnrecognizedClientException");
  assert.equal(errorFor(unknownAccessKey, "query").code, "InvalidClientTokenId");
  assert.equal(errorFor(unknownAccessKey, "s3").code, "InvalidAccessKeyId");
  assert.equal(errorFor(missingAuthentication, "s3").code, "AccessDenied");
});

void test("times are read and written without a calendar library's help", () => {
  for (const atMs of [0, 951_782_400_000, 951_868_799_000, 1_709_164_800_000, 4_102_444_800_000]) {
    const date = new Date(atMs);
    assert.equal(basicTime(atMs), date.toISOString().replaceAll(/[-:]|\.\d+/g, ""));
    assert.equal(parseBasicTime(basicTime(atMs)), atMs);
    assert.equal(parseHttpDate(date.toUTCString()), atMs);
  }
  assert.equal(parseBasicTime("20150229T000000Z"), undefined);
  assert.equal(parseBasicTime("2015-08-30T12:36:00Z"), undefined);
});
