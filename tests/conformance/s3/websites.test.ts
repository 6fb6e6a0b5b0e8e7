import assert from "node:assert/strict";
import { request } from "node:http";
import test from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketWebsiteCommand,
  DeletePublicAccessBlockCommand,
  GetBucketWebsiteCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  type WebsiteConfiguration,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { allowing, policyOf } from "../../support/iam.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

function visit(host: string, path: string, method = "GET", headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${tule.endpoint}${path}`, { method, headers: { host, ...headers } });
    asked.on("error", reject);
    asked.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (some: string) => (text += some));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    });
    asked.end();
  });
}

async function start(configuration?: WebsiteConfiguration) {
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Policy = policyOf({
    ...allowing("s3:GetObject", `arn:aws:s3:::${Bucket}/*`),
    Principal: "*",
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const put = (Key: string, Body: string, more: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: "text/html", ...more }));
  const configure = (WebsiteConfiguration: WebsiteConfiguration) =>
    s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
  if (configuration !== undefined) await configure(configuration);
  const host = `${Bucket}.s3-website.us-east-1.localhost`;
  const get = (path: string, method = "GET", headers = {}) => visit(host, path, method, headers);
  return { s3, Bucket, put, configure, host, get };
}

const index = { IndexDocument: { Suffix: "index.html" } };

/** As recorded, with what each request has of its own. */
function page(title: string, lines: string[], { text, headers }: Answer, more: string[] = []) {
  const id = String(headers["x-amz-request-id"]);
  const list = (all: string[]) => ["<ul>", ...all.map((line) => `<li>${line}</li>`), "</ul>"];
  const expected = [
    `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>`,
    ...list([...lines, `RequestId: ${id}`, `HostId: ${id}`]),
    ...(more.length === 0
      ? []
      : [
          "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>",
          ...list(more),
        ]),
    "<hr/>\n</body>\n</html>\n",
  ];
  assert.equal(text, expected.join("\n"));
}

const noSuchKey = (key: string) => [
  "Code: NoSuchKey",
  "Message: The specified key does not exist.",
  `Key: ${key}`,
];

test("a website's configuration is kept, and what is none is refused", async () => {
  covers("s3.GetBucketWebsite", "s3.PutBucketWebsite", "s3.DeleteBucketWebsite");
  // Recorded.
  const { s3, Bucket, configure } = await start();
  const read = () => s3.send(new GetBucketWebsiteCommand({ Bucket }));
  const none = {
    name: "NoSuchWebsiteConfiguration",
    message: "The specified bucket does not have a website configuration",
  };
  await assert.rejects(read(), none);
  await s3.send(new DeleteBucketWebsiteCommand({ Bucket }));
  await configure(index);
  const { IndexDocument } = await read();
  assert.deepEqual(IndexDocument, { Suffix: "index.html" });
  await s3.send(new DeleteBucketWebsiteCommand({ Bucket }));
  await assert.rejects(read(), none);
  const to = { HostName: "x.test" };
  const Redirect = { HostName: "x.test" };
  const cases: [object, string][] = [
    [{ IndexDocument: { Suffix: "/index.html" } }, "The IndexDocument Suffix is not well formed"],
    [{ IndexDocument: { Suffix: "" } }, "The IndexDocument Suffix is not well formed"],
    [
      { RedirectAllRequestsTo: to, RoutingRules: [{ Redirect }] },
      "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
    ],
    [
      { ErrorDocument: { Key: "e" } },
      "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
    ],
    [
      { RedirectAllRequestsTo: { ...to, Protocol: "protocol" } },
      "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
    ],
    [
      {
        ...index,
        RoutingRules: [{ Redirect: { ReplaceKeyPrefixWith: "a", ReplaceKeyWith: "b" } }],
      },
      "You can only define ReplaceKeyPrefix or ReplaceKey but not both.",
    ],
    [
      { ...index, RoutingRules: [{ Condition: {}, Redirect }] },
      "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    ],
  ];
  for (const [configuration, message] of cases) {
    await assert.rejects(configure(configuration), { message });
  }
});

test("visitors see pages, indexes of folders, and their errors as pages", async () => {
  covers("s3.PutBucketWebsite");
  const { put, get, configure } = await start(index);
  await put("index.html", "home");
  await put("folder/index.html", "folder");
  await put("a page.html", "a", { CacheControl: "max-age=1" });
  for (const path of ["/", "/index.html"]) assert.equal((await get(path)).text, "home");
  assert.equal((await get("/folder/")).text, "folder");
  const a = await get("/a%20page.html?query=1");
  assert.deepEqual(
    [a.text, a.headers["content-type"], a.headers["cache-control"]],
    ["a", "text/html", "max-age=1"],
  );
  const unchanged = await get("/a%20page.html", "GET", { "if-none-match": a.headers["etag"] });
  assert.equal(unchanged.status, 304);
  const headed = await get("/", "HEAD");
  assert.deepEqual([headed.status, headed.headers["content-length"], headed.text], [200, "4", ""]);
  const moved = await get("/folder");
  assert.deepEqual([moved.status, moved.headers["location"]], [302, "/folder/"]);
  // Recorded, these pages.
  const wrong = await get("/directory-wrong");
  assert.equal(wrong.status, 403);
  await configure({ ...index, ErrorDocument: { Key: "error.html" } });
  await put("error.html", "sorry");
  const sorry = await get("/none");
  assert.deepEqual([sorry.status, sorry.text], [403, "sorry"]);
  const refused = await get("/", "DELETE");
  assert.equal(refused.status, 405);
  page(
    "405 Method Not Allowed",
    [
      "Code: MethodNotAllowed",
      "Message: The specified method is not allowed against this resource.",
      "Method: DELETE",
      "ResourceType: OBJECT",
    ],
    refused,
  );
});

test("where everybody may list, what is missing is said to be missing", async () => {
  covers("s3.PutBucketWebsite");
  const { s3, Bucket, get, configure } = await start(index);
  const Policy = policyOf(
    { ...allowing("s3:GetObject", `arn:aws:s3:::${Bucket}/*`), Principal: "*" },
    { ...allowing("s3:ListBucket", `arn:aws:s3:::${Bucket}`), Principal: "*" },
  );
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  // Recorded.
  page("404 Not Found", noSuchKey("index.html"), await get("/"));
  page("404 Not Found", noSuchKey("directory-wrong"), await get("/directory-wrong"));
  page("404 Not Found", noSuchKey("directory-wrong/index.html"), await get("/directory-wrong/"));
  await configure({ ...index, ErrorDocument: { Key: "error.html" } });
  page("404 Not Found", noSuchKey("index.html"), await get("/"), noSuchKey("error.html"));
});

test("what is no website says so", async () => {
  const { Bucket, get } = await start();
  // Recorded.
  const lines = (code: string, message: string, name: string) => [
    `Code: ${code}`,
    `Message: ${message}`,
    `BucketName: ${name}`,
  ];
  const message = "The specified bucket does not have a website configuration";
  page(
    "404 Not Found",
    lines("NoSuchWebsiteConfiguration", message, Bucket),
    await get("/actual/key"),
  );
  const nowhere = await visit("nowhere.s3-website-eu-west-1.amazonaws.com", "/");
  page(
    "404 Not Found",
    lines("NoSuchBucket", "The specified bucket does not exist", "nowhere"),
    nowhere,
  );
});

test("visitors are sent on by rules, by objects, and by whole websites", async () => {
  covers("s3.PutBucketWebsite", "s3.PutObject");
  const { put, get, host, configure } = await start({
    ...index,
    RoutingRules: [
      { Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "new/" } },
      {
        Condition: { HttpErrorCodeReturnedEquals: "403", KeyPrefixEquals: "lost/" },
        Redirect: { HostName: "other.test", Protocol: "https", HttpRedirectCode: "307" },
      },
    ],
  });
  await put("here", "", { WebsiteRedirectLocation: "/there" });
  const goes = async (path: string) => {
    const { status, headers } = await get(path);
    return [status, headers["location"]];
  };
  assert.deepEqual(await goes("/old/a"), [301, `http://${host}/new/a`]);
  assert.deepEqual(await goes("/lost/b"), [307, "https://other.test/lost/b"]);
  assert.deepEqual(await goes("/here"), [301, "/there"]);
  await configure({ RedirectAllRequestsTo: { HostName: "all.test" } });
  assert.deepEqual(await goes("/x/y"), [301, "http://all.test/x/y"]);
});

test("a website shows what the public may see, and no more", async () => {
  const { s3, Bucket, get, put } = await start(index);
  await put("index.html", "home");
  const Policy = policyOf({
    ...allowing("s3:GetObject", `arn:aws:s3:::${Bucket}/public/*`),
    Principal: "*",
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const refused = await get("/");
  assert.equal(refused.status, 403);
  page("403 Forbidden", ["Code: AccessDenied", "Message: Access Denied"], refused);
});
