import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DescribeKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  DeleteParametersCommand,
  DescribeInstanceInformationCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  ListTagsForResourceCommand,
  type ParameterStringFilter,
  PutParameterCommand,
  type PutParameterCommandInput,
  RemoveTagsFromResourceCommand,
  SSMClient,
  UnlabelParameterVersionCommand,
} from "@aws-sdk/client-ssm";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, type Keys, makeUser } from "../../support/iam.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const clients: SSMClient[] = [];
after(() => {
  for (const client of clients) client.destroy();
});
function ssmOf({ endpoint }: { readonly endpoint: string }, who: Keys | string): SSMClient {
  const credentials = typeof who === "string" ? { accessKeyId: who, secretAccessKey: "test" } : who;
  const client = new SSMClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
}

const tule = await startTule();

class Store {
  readonly account: string;
  readonly client: SSMClient;

  constructor(server = tule) {
    this.account = server.newAccount();
    this.client = ssmOf(server, this.account);
  }

  put(Name: string, Value: string, more: Partial<PutParameterCommandInput> = {}) {
    return this.client.send(new PutParameterCommand({ Name, Value, Type: "String", ...more }));
  }

  async get(Name: string, WithDecryption = false) {
    return (await this.client.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter!;
  }

  async describe(...ParameterFilters: ParameterStringFilter[]) {
    const { Parameters } = await this.client.send(
      new DescribeParametersCommand({ ParameterFilters }),
    );
    return Parameters!.map(({ Name }) => Name);
  }
}

test("a parameter has versions, which are read by number, and by label", async () => {
  covers(
    "ssm.PutParameter",
    "ssm.GetParameter",
    "ssm.GetParameterHistory",
    "ssm.LabelParameterVersion",
    "ssm.UnlabelParameterVersion",
  );
  const store = new Store();
  const { client } = store;
  const Name = "/app/prod/url";
  assert.deepEqual((({ Version, Tier }) => ({ Version, Tier }))(await store.put(Name, "one")), {
    Version: 1,
    Tier: "Standard",
  });
  assert.equal(
    await refusal(store.put(Name, "two")),
    "ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
  );
  const changed = await client.send(
    new PutParameterCommand({ Name, Value: "two", Overwrite: true }),
  );
  assert.equal(changed.Version, 2);
  const { LastModifiedDate, ...rest } = await store.get(Name);
  assert(LastModifiedDate instanceof Date);
  assert.deepEqual(rest, {
    ARN: `arn:aws:ssm:us-east-1:${store.account}:parameter/app/prod/url`,
    DataType: "text",
    Name,
    Type: "String",
    Value: "two",
    Version: 2,
  });
  await client.send(
    new LabelParameterVersionCommand({ Name, ParameterVersion: 1, Labels: ["stable"] }),
  );
  const { InvalidLabels } = await client.send(
    new LabelParameterVersionCommand({ Name, Labels: ["latest", "1st", "aws-own"] }),
  );
  assert.deepEqual(InvalidLabels, ["1st", "aws-own"]);
  for (const [selector, value] of [
    [":1", "one"],
    [":2", "two"],
    [":stable", "one"],
    [":latest", "two"],
  ] as const) {
    const found = await store.get(Name + selector);
    assert.deepEqual([found.Value, found.Selector], [value, selector]);
  }
  await assert.rejects(store.get(`${Name}:3`), { name: "ParameterVersionNotFound" });
  await assert.rejects(store.get(`${Name}:none`), { name: "ParameterVersionNotFound" });
  await assert.rejects(store.get("/none"), { name: "ParameterNotFound" });
  const history = await client.send(new GetParameterHistoryCommand({ Name }));
  assert.deepEqual(
    history.Parameters!.map(({ Version, Value, Labels }) => [Version, Value, Labels]),
    [
      [1, "one", ["stable"]],
      [2, "two", ["latest"]],
    ],
  );
  assert.equal(history.Parameters![0]!.LastModifiedUser, `arn:aws:iam::${store.account}:root`);
  const unlabelled = await client.send(
    new UnlabelParameterVersionCommand({ Name, ParameterVersion: 1, Labels: ["stable", "latest"] }),
  );
  assert.deepEqual(unlabelled.RemovedLabels, ["stable"]);
  assert.deepEqual(unlabelled.InvalidLabels, ["latest"]);
});

test("a SecureString is shown in clear to who asks for it, and only while its key serves", async () => {
  covers("ssm.PutParameter", "ssm.GetParameter", "ssm.GetParameters");
  const store = new Store();
  const kms = kmsOf(tule, store.account);
  await store.put("secret", "hush", { Type: "SecureString" });
  assert.notEqual((await store.get("secret")).Value, "hush");
  assert.equal((await store.get("secret", true)).Value, "hush");
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/ssm" }));
  assert.equal(KeyMetadata!.KeyManager, "AWS");
  const KeyId = await makeKey(kms);
  const large = "x".repeat(5_000);
  await store.put("/own/large", large, { Type: "SecureString", KeyId, Tier: "Advanced" });
  assert.equal((await store.get("/own/large", true)).Value, large);
  const several = await store.client.send(
    new GetParametersCommand({ Names: ["secret", "/own/large", "none"], WithDecryption: true }),
  );
  assert.deepEqual(
    several.Parameters!.map(({ Value }) => Value),
    ["hush", large],
  );
  assert.deepEqual(several.InvalidParameters, ["none"]);
  await kms.send(new DisableKeyCommand({ KeyId }));
  await assert.rejects(store.get("/own/large", true), { name: "InvalidKeyId" });
  await assert.rejects(
    store.put("/own/other", "x", { Type: "SecureString", KeyId: "alias/none" }),
    { name: "InvalidKeyId" },
  );
});

test("what is below a path is read page by page, one level or all", async () => {
  covers("ssm.GetParametersByPath");
  const store = new Store();
  for (const name of ["/a/b", "/a/c", "/a/c/d", "/a/c/e/f", "/ab/x", "a"])
    await store.put(name, name);
  const below = async (Path: string, Recursive: boolean) => {
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await store.client.send(
        new GetParametersByPathCommand({ Path, Recursive, NextToken, MaxResults: 2 }),
      );
      assert(page.Parameters!.length <= 2);
      names.push(...page.Parameters!.map(({ Value }) => Value!));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return names;
  };
  assert.deepEqual(await below("/a", false), ["/a/b", "/a/c"]);
  assert.deepEqual(await below("/a/", true), ["/a/b", "/a/c", "/a/c/d", "/a/c/e/f"]);
  assert.deepEqual(await below("/none", true), []);
  await assert.rejects(below("a", true), { name: "ValidationException" });
});

test("parameters are described by filters", async () => {
  covers("ssm.DescribeParameters");
  const store = new Store();
  await store.put("/x/one", "1", { Tags: [{ Key: "Color", Value: "red" }] });
  await store.put("/x/y/two", "2", { Type: "StringList" });
  await store.put("three", "3", { Type: "SecureString" });
  const is = (Key: string, Option: string | undefined, ...Values: string[]) => ({
    Key,
    Option,
    Values,
  });
  assert.deepEqual(await store.describe(), ["/x/one", "/x/y/two", "three"]);
  assert.deepEqual(await store.describe(is("Name", "Contains", "o")), ["/x/one", "/x/y/two"]);
  assert.deepEqual(await store.describe(is("Name", "BeginsWith", "x/")), ["/x/one", "/x/y/two"]);
  assert.deepEqual(await store.describe(is("Path", "OneLevel", "/x")), ["/x/one"]);
  assert.deepEqual(await store.describe(is("Path", "Recursive", "/x")), ["/x/one", "/x/y/two"]);
  assert.deepEqual(await store.describe(is("Type", "Equals", "StringList", "SecureString")), [
    "/x/y/two",
    "three",
  ]);
  assert.deepEqual(await store.describe(is("KeyId", undefined, "alias/aws/ssm")), ["three"]);
  assert.deepEqual(await store.describe(is("tag:Color", undefined, "red")), ["/x/one"]);
  await assert.rejects(store.describe(is("Name", "Near", "x")), { name: "InvalidFilterOption" });
});

test("names, tiers and patterns have their rules", async () => {
  covers("ssm.PutParameter");
  const store = new Store();
  for (const name of ["/aws/x", "ssm-thing", "a b", "/a//b", "a/b", "/a/"]) {
    await assert.rejects(store.put(name, "x"), { name: "ValidationException" }, name);
  }
  const deep = "/x".repeat(16);
  await assert.rejects(store.put(deep, "x"), { name: "HierarchyLevelLimitExceededException" });
  const large = "x".repeat(4_097);
  await assert.rejects(store.put("large", large), { name: "ValidationException" });
  assert.equal((await store.put("large", large, { Tier: "Intelligent-Tiering" })).Tier, "Advanced");
  await assert.rejects(store.put("large", "x", { Tier: "Standard", Overwrite: true }), {
    name: "ValidationException",
  });
  await assert.rejects(store.put("digits", "ten", { AllowedPattern: "^\\d+$" }), {
    name: "ParameterPatternMismatchException",
  });
  await store.put("digits", "10", { AllowedPattern: "^\\d+$" });
  // What is not built says so.
  await assert.rejects(store.put("image", "ami-1", { DataType: "aws:ec2:image" }), {
    name: "NotImplemented",
  });
  await assert.rejects(store.client.send(new DescribeInstanceInformationCommand({})), {
    name: "NotImplemented",
  });
});

test("a hundred versions are kept; one with a label holds the others up", async () => {
  covers("ssm.PutParameter", "ssm.GetParameterHistory");
  const store = new Store();
  for (let count = 1; count <= 101; count += 1) {
    await store.put("counted", `${count}`, { Overwrite: true });
  }
  assert.equal((await store.get("counted")).Version, 101);
  await assert.rejects(store.get("counted:1"), { name: "ParameterVersionNotFound" });
  const Labels = ["keep"];
  const Name = "counted";
  await store.client.send(new LabelParameterVersionCommand({ Name, ParameterVersion: 2, Labels }));
  await assert.rejects(store.put(Name, "102", { Overwrite: true }), {
    name: "ParameterMaxVersionLimitExceeded",
  });
  assert.equal((await store.get(Name)).Version, 101);
});

test("a parameter goes when its policy says so", async () => {
  covers("ssm.PutParameter");
  const server = await startTule();
  const store = new Store(server);
  const Timestamp = new Date(server.clock.nowMs() + 3_600_000).toISOString();
  const Policies = JSON.stringify([
    { Type: "Expiration", Version: "1.0", Attributes: { Timestamp } },
  ]);
  await assert.rejects(store.put("brief", "x", { Policies }), { name: "ValidationException" });
  const Notifications = JSON.stringify([{ Type: "NoChangeNotification", Version: "1.0" }]);
  await assert.rejects(store.put("brief", "x", { Policies: Notifications, Tier: "Advanced" }), {
    name: "NotImplemented",
  });
  await store.put("brief", "x", { Policies, Tier: "Advanced" });
  await store.put("other", "x");
  server.clock.moveTo(server.clock.nowMs() + 3_500_000);
  assert.equal((await store.get("brief")).Value, "x");
  server.clock.moveTo(server.clock.nowMs() + 200_000);
  await until(
    () => store.describe(),
    (names) => names.length === 1,
  );
  assert.deepEqual(await store.describe(), ["other"]);
});

test("parameters have tags, and are deleted one by one or several at once", async () => {
  covers(
    "ssm.AddTagsToResource",
    "ssm.RemoveTagsFromResource",
    "ssm.ListTagsForResource",
    "ssm.DeleteParameter",
    "ssm.DeleteParameters",
  );
  const store = new Store();
  const { client } = store;
  for (const name of ["a", "b", "c"]) await store.put(name, "x");
  const resource = { ResourceType: "Parameter" as const, ResourceId: "a" };
  const tag = (Key: string) => ({ Key, Value: "v" });
  await client.send(new AddTagsToResourceCommand({ ...resource, Tags: [tag("k"), tag("l")] }));
  await client.send(new RemoveTagsFromResourceCommand({ ...resource, TagKeys: ["k"] }));
  const { TagList } = await client.send(new ListTagsForResourceCommand(resource));
  assert.deepEqual(TagList, [tag("l")]);
  await client.send(new DeleteParameterCommand({ Name: "a" }));
  await assert.rejects(client.send(new DeleteParameterCommand({ Name: "a" })), {
    name: "ParameterNotFound",
  });
  const gone = await client.send(new DeleteParametersCommand({ Names: ["a", "b", "c"] }));
  assert.deepEqual(gone.DeletedParameters, ["b", "c"]);
  assert.deepEqual(gone.InvalidParameters, ["a"]);
  assert.equal((await store.put("b", "y")).Version, 1);
});

test("users read what their policies name", async () => {
  covers("ssm.GetParameter");
  const store = new Store();
  for (const name of ["/open/a", "/closed/a"]) await store.put(name, "x");
  const arn = `arn:aws:ssm:us-east-1:${store.account}:parameter/open/*`;
  const keys = await makeUser(
    iamOf(tule, store.account),
    "reader",
    allowing("ssm:GetParameter", arn),
  );
  const user = ssmOf(tule, keys);
  await user.send(new GetParameterCommand({ Name: "/open/a" }));
  await assert.rejects(user.send(new GetParameterCommand({ Name: "/closed/a" })), {
    name: "AccessDeniedException",
  });
});

test("a killed server keeps parameters, and no SecureString lies on the disk in clear", async () => {
  covers("ssm.PutParameter", "ssm.GetParameter");
  const folder = await mkdtemp(join(tmpdir(), "tule-ssm-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const first = new ServerProcess(folder, ["--log", "error"]);
  after(() => first.kill());
  const before = ssmOf({ endpoint: await first.ready }, "111122223333");
  const Value = "nobody else has this value";
  const Name = "/kept/secret";
  await before.send(new PutParameterCommand({ Name, Value, Type: "SecureString" }));
  await first.kill();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const bytes = await readFile(join(entry.parentPath, entry.name));
    assert(!bytes.includes(Value), entry.name);
  }
  const second = new ServerProcess(folder, ["--log", "error"]);
  after(() => second.kill());
  const later = ssmOf({ endpoint: await second.ready }, "111122223333");
  const { Parameter } = await later.send(new GetParameterCommand({ Name, WithDecryption: true }));
  assert.equal(Parameter!.Value, Value);
});
