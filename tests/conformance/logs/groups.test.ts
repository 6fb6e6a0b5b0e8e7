import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  ListLogGroupsCommand,
  ListTagsForResourceCommand,
  ListTagsLogGroupCommand,
  PutLogGroupDeletionProtectionCommand,
  PutRetentionPolicyCommand,
  TagLogGroupCommand,
  TagResourceCommand,
  UntagLogGroupCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { covers } from "../../support/covers.ts";
import { Logs, refusal } from "../../support/logs.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const dayMs = 24 * 3_600_000;

function emptyAccount() {
  const account = tule.newAccount();
  const { client } = new Logs(tule.endpoint, account);
  const create = (logGroupName: string, more = {}): Promise<unknown> =>
    client.send(new CreateLogGroupCommand({ logGroupName, ...more }));
  return { account, client, create };
}

test("groups are described by name, prefix and pattern, in pages", async () => {
  covers("logs.CreateLogGroup", "logs.DescribeLogGroups");
  const { account, client, create } = emptyAccount();
  const names = ["/a/one", "/a/two", "/b/One"];
  for (const name of names) await create(name);
  const describe = async (input = {}) =>
    (await client.send(new DescribeLogGroupsCommand(input))).logGroups!;
  const namesOf = async (input = {}) => (await describe(input)).map((each) => each.logGroupName);
  const [first] = await describe();
  const arn = `arn:aws:logs:us-east-1:${account}:log-group:/a/one`;
  // Members as recorded.
  assert.deepEqual(
    { ...first, creationTime: 0 },
    {
      arn: `${arn}:*`,
      creationTime: 0,
      deletionProtectionEnabled: false,
      logGroupArn: arn,
      logGroupClass: "STANDARD",
      logGroupName: "/a/one",
      metricFilterCount: 0,
      storedBytes: 0,
    },
  );
  assert.deepEqual(await namesOf(), names);
  assert.deepEqual(await namesOf({ logGroupNamePrefix: "/a" }), ["/a/one", "/a/two"]);
  assert.deepEqual(await namesOf({ logGroupNamePattern: "one" }), ["/a/one", "/b/One"]);
  assert.deepEqual(await namesOf({ logGroupIdentifiers: [arn, "/b/One"] }), ["/a/one", "/b/One"]);
  const page = await client.send(new DescribeLogGroupsCommand({ limit: 2 }));
  assert.equal(page.logGroups!.length, 2);
  assert.deepEqual(await namesOf({ nextToken: page.nextToken }), ["/b/One"]);
  assert.equal(
    await refusal(describe({ logGroupNamePrefix: "/a", logGroupNamePattern: "one" })),
    "InvalidParameterException: LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
  );
});

test("groups that exist, or have names too long, are refused in AWS's words", async () => {
  covers("logs.CreateLogGroup");
  const { create } = emptyAccount();
  await create("/twice");
  // Recorded.
  assert.equal(
    await refusal(create("/twice")),
    "ResourceAlreadyExistsException: The specified log group already exists",
  );
  assert.equal(
    await refusal(create("x".repeat(513))),
    "InvalidParameterException: Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
  );
  assert.match(await refusal(create("a b")), /^InvalidParameterException: 1 validation error/);
  assert.match(await refusal(create("/kms", { kmsKeyId: "arn:aws:kms:x" })), /^NotImplemented/);
});

test("groups are listed by patterns and tags", async () => {
  covers("logs.ListLogGroups");
  const { account, client, create } = emptyAccount();
  await create("/a/web", { tags: { env: "test" } });
  await create("/b/web");
  const list = async (input = {}) =>
    (await client.send(new ListLogGroupsCommand(input))).logGroups!;
  const namesOf = async (input = {}) => (await list(input)).map((each) => each.logGroupName);
  // Recorded: no match is no error.
  assert.deepEqual(await list({ logGroupNamePattern: "nothing" }), []);
  assert.deepEqual(await list({ logGroupNamePattern: "^/a/" }), [
    {
      logGroupName: "/a/web",
      logGroupArn: `arn:aws:logs:us-east-1:${account}:log-group:/a/web`,
      logGroupClass: "STANDARD",
    },
  ]);
  assert.deepEqual(await namesOf({ logGroupNamePattern: "web" }), ["/a/web", "/b/web"]);
  assert.deepEqual(await namesOf({ logGroupTags: [{ key: "env", values: ["test"] }] }), ["/a/web"]);
});

test("tags come and go, by name and by ARN", async () => {
  covers(
    "logs.TagResource",
    "logs.UntagResource",
    "logs.ListTagsForResource",
    "logs.TagLogGroup",
    "logs.UntagLogGroup",
    "logs.ListTagsLogGroup",
  );
  const { account, client, create } = emptyAccount();
  await create("/tagged", { tags: { env: "testing" } });
  const resourceArn = `arn:aws:logs:us-east-1:${account}:log-group:/tagged`;
  const logGroupName = "/tagged";
  const tags = async () => {
    const byArn = await client.send(new ListTagsForResourceCommand({ resourceArn }));
    const byName = await client.send(new ListTagsLogGroupCommand({ logGroupName }));
    assert.deepEqual(byArn.tags, byName.tags);
    return byArn.tags;
  };
  assert.deepEqual(await tags(), { env: "testing" });
  await client.send(new TagResourceCommand({ resourceArn, tags: { a: "1", b: "2" } }));
  await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["a", "env"] }));
  assert.deepEqual(await tags(), { b: "2" });
  await client.send(new TagLogGroupCommand({ logGroupName, tags: { c: "3" } }));
  await client.send(new UntagLogGroupCommand({ logGroupName, tags: ["b"] }));
  assert.deepEqual(await tags(), { c: "3" });
  assert.match(
    await refusal(client.send(new ListTagsForResourceCommand({ resourceArn: `${resourceArn}x` }))),
    /^ResourceNotFoundException/,
  );
});

test("streams are described by name and by their last event", async () => {
  covers("logs.CreateLogStream", "logs.DescribeLogStreams");
  const logs = await Logs.in(tule);
  const { client, group: logGroupName } = logs;
  for (const name of ["two", "three"]) await logs.makeStream(name);
  await logs.put(["old"], Date.now() - 5_000, "one");
  await logs.put(["new"], Date.now(), "three");
  const names = async (input = {}) => {
    const found: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client.send(
        new DescribeLogStreamsCommand({ logGroupName, limit: 2, nextToken, ...input }),
      );
      found.push(...page.logStreams!.map(({ logStreamName }) => logStreamName!));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    return found.join(" ");
  };
  assert.equal(await names(), "one three two");
  assert.equal(await names({ descending: true }), "two three one");
  assert.equal(await names({ logStreamNamePrefix: "t" }), "three two");
  assert.equal(await names({ orderBy: "LastEventTime" }), "two one three");
  assert.equal(await names({ orderBy: "LastEventTime", descending: true }), "three one two");
  const twice = client.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "one" }));
  // Recorded.
  assert.equal(
    await refusal(twice),
    "ResourceAlreadyExistsException: The specified log stream already exists",
  );
  const untouched = await client.send(
    new DescribeLogStreamsCommand({ logGroupName, logStreamNamePrefix: "two" }),
  );
  const [stream] = untouched.logStreams!;
  assert.deepEqual(Object.keys(stream!).toSorted(), [
    "arn",
    "creationTime",
    "logStreamName",
    "storedBytes",
  ]);
});

test("what is deleted is gone at once, and a new one of the name is empty", async () => {
  covers("logs.DeleteLogGroup", "logs.DeleteLogStream");
  const logs = await Logs.in(tule);
  const { client, group: logGroupName, stream: logStreamName } = logs;
  await logs.put(["gone"]);
  await client.send(new DeleteLogStreamCommand({ logGroupName, logStreamName }));
  assert.match(await refusal(logs.get()), /^ResourceNotFoundException: The specified log stream/);
  await logs.makeStream(logStreamName);
  assert.deepEqual((await logs.get()).messages, []);
  await logs.put(["gone as well"]);
  await client.send(new DeleteLogGroupCommand({ logGroupName }));
  assert.match(await refusal(logs.get()), /^ResourceNotFoundException: The specified log group/);
  await logs.make();
  assert.deepEqual((await logs.get()).messages, []);
  assert.match(
    await refusal(client.send(new DeleteLogGroupCommand({ logGroupName: "none" }))),
    /^ResourceNotFoundException: The specified log group does not exist\.$/,
  );
});

test("a protected group stays", async () => {
  covers("logs.PutLogGroupDeletionProtection", "logs.DeleteLogGroup");
  const { client, group: logGroupName } = await Logs.in(tule);
  const protect = (deletionProtectionEnabled: boolean): Promise<unknown> =>
    client.send(
      new PutLogGroupDeletionProtectionCommand({
        logGroupIdentifier: logGroupName,
        deletionProtectionEnabled,
      }),
    );
  await protect(true);
  const remove = (): Promise<unknown> => client.send(new DeleteLogGroupCommand({ logGroupName }));
  assert.match(await refusal(remove()), /^ValidationException/);
  await protect(false);
  await remove();
});

test("events that are older than the retention are gone, and their bytes are given back", async () => {
  covers("logs.PutRetentionPolicy", "logs.DeleteRetentionPolicy");
  const own = await startTule();
  const logs = await Logs.in(own);
  const { client, group: logGroupName } = logs;
  const described = async () =>
    (await client.send(new DescribeLogGroupsCommand({}))).logGroups![0]!;
  await logs.put(Array.from({ length: 1_000 }, (_, at) => `event ${at} ${"x".repeat(100)}`));
  const { storedBytes } = await described();
  assert(storedBytes! > 100_000);
  const put = (retentionInDays: number): Promise<unknown> =>
    client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays }));
  assert.match(await refusal(put(2)), /^InvalidParameterException/);
  await put(3);
  assert.equal((await described()).retentionInDays, 3);
  own.clock.moveTo(own.clock.nowMs() + 2.9 * dayMs);
  assert.equal((await logs.get()).messages.length, 1_000);
  own.clock.moveTo(own.clock.nowMs() + 0.2 * dayMs);
  assert.deepEqual((await logs.get()).messages, []);
  assert.deepEqual((await logs.filter()).messages, []);
  own.clock.moveTo(own.clock.nowMs() + dayMs);
  await until(described, (group) => group.storedBytes === 0);
  await client.send(new DeleteRetentionPolicyCommand({ logGroupName }));
  assert.equal((await described()).retentionInDays, undefined);
});
