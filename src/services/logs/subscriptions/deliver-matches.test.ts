import assert from "node:assert/strict";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import { ServiceError } from "#kernel/errors.ts";
import { rootOf } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#kernel/log.ts";
import { defineService } from "#kernel/service.ts";
import { memoryStore } from "#store/open.ts";
import { realWorld } from "#world/real.ts";
import { logs } from "../service.ts";

/*
 * What stands in for Kinesis is a service of its name that keeps what it is given, and fails when it is told to.
 */

const account = "000000000000";
const region = "eu-west-1";
const destinationArn = `arn:aws:kinesis:${region}:${account}:stream/events`;
const roleArn = `arn:aws:iam::${account}:role/logs`;
const logGroupName = "/app";

interface Message {
  readonly messageType: string;
  readonly owner: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly subscriptionFilters: readonly string[];
  readonly logEvents: readonly { readonly id: string; readonly message: string }[];
}

class DataStream {
  readonly messages: Message[] = [];
  readonly partitions: string[] = [];
  failures = 0;

  get service() {
    return defineService({
      name: "kinesis",
      operations: {
        PutRecord: (
          _ctx: unknown,
          input: { readonly Data: Buffer; readonly PartitionKey: string },
        ) => {
          if ((this.failures -= 1) >= 0) throw new ServiceError("InternalFailure", "not now");
          this.messages.push(JSON.parse(gunzipSync(input.Data).toString()) as Message);
          this.partitions.push(input.PartitionKey);
          return {};
        },
      } as never,
    });
  }

  /** The texts of the events that came, in order. */
  get texts(): string {
    return this.messages
      .filter(({ messageType }) => messageType === "DATA_MESSAGE")
      .flatMap(({ logEvents }) => logEvents.map(({ message }) => message))
      .join(" ");
  }
}

async function start(stream: DataStream) {
  const services = [logs, stream.service];
  const kernel = new Kernel({ world: realWorld(), store: memoryStore(), services, log: silentLog });
  await kernel.start();
  const call = (operation: string, input: object): Promise<unknown> =>
    kernel.call(
      { service: "logs", account, region, requestId: "r", operation, caller: rootOf(account) },
      { logGroupName, ...input },
    );
  await call("CreateLogGroup", {});
  await call("CreateLogStream", { logStreamName: "one" });
  let atMs = Date.now();
  const put = (...messages: string[]): Promise<unknown> =>
    call("PutLogEvents", {
      logStreamName: "one",
      logEvents: messages.map((message) => ({ timestamp: (atMs += 1), message })),
    });
  const subscribe = (filterPattern: string): Promise<unknown> =>
    call("PutSubscriptionFilter", { filterName: "all", filterPattern, destinationArn, roleArn });
  return { kernel, call, put, subscribe };
}

async function untilTexts(stream: DataStream, expected: string): Promise<void> {
  // By time, not by turns: a delivery that failed is tried again after some hundred milliseconds.
  const deadlineMs = performance.now() + 20_000;
  while (stream.texts !== expected && performance.now() < deadlineMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(stream.texts, expected);
}

test("a destination gets a test message, and then what the pattern matches, in order", async () => {
  const stream = new DataStream();
  const { kernel, put, subscribe } = await start(stream);
  await subscribe("ERROR");
  assert.equal(stream.messages[0]!.messageType, "CONTROL_MESSAGE");
  await put("ERROR-1", "fine", "ERROR-2");
  await put("fine");
  await put("ERROR-3");
  await untilTexts(stream, "ERROR-1 ERROR-2 ERROR-3");
  const { logEvents, ...about } = stream.messages[1]!;
  assert.deepEqual(about, {
    messageType: "DATA_MESSAGE",
    owner: account,
    logGroup: logGroupName,
    logStream: "one",
    subscriptionFilters: ["all"],
  });
  assert.match(logEvents[0]!.id, /^\d{56}$/);
  assert.equal(new Set(stream.partitions.slice(1)).size, 1);
  await kernel.stop();
});

test("what a destination refuses is delivered later, before what came after it", async () => {
  const stream = new DataStream();
  const { kernel, put, subscribe } = await start(stream);
  await subscribe("");
  stream.failures = 2;
  await put("a");
  await put("b");
  await untilTexts(stream, "a b");
  await kernel.stop();
});

test("a filter that is gone delivers nothing more", async () => {
  const stream = new DataStream();
  const { kernel, call, put, subscribe } = await start(stream);
  await subscribe("");
  await put("a");
  await untilTexts(stream, "a");
  await call("DeleteSubscriptionFilter", { filterName: "all" });
  await put("b");
  await subscribe("");
  await put("c");
  await untilTexts(stream, "a c");
  await kernel.stop();
});

test("a subscription may deliver to a destination, which has tags and may change its target", async () => {
  const stream = new DataStream();
  const { kernel, call, put } = await start(stream);
  const destinationName = "shared";
  const arn = `arn:aws:logs:${region}:${account}:destination:${destinationName}`;
  const subscribe = (): Promise<unknown> =>
    call("PutSubscriptionFilter", {
      filterName: "all",
      filterPattern: "",
      destinationArn: arn,
    });
  await assert.rejects(subscribe(), { code: "ResourceNotFoundException" });
  const tags = { key1: "val1" };
  const given = { destinationName, targetArn: destinationArn, roleArn, tags };
  const { destination } = (await call("PutDestination", given)) as {
    destination: Record<string, unknown>;
  };
  // Members as recorded.
  assert.deepEqual(
    { ...destination, creationTime: 0 },
    {
      destinationName,
      targetArn: destinationArn,
      roleArn,
      accessPolicy: undefined,
      arn,
      creationTime: 0,
    },
  );
  await call("TagResource", { resourceArn: arn, tags: { key2: "val2" } });
  assert.deepEqual(await call("ListTagsForResource", { resourceArn: arn }), {
    tags: { key1: "val1", key2: "val2" },
  });
  await call("UntagResource", { resourceArn: arn, tagKeys: ["key2"] });
  assert.deepEqual(await call("ListTagsForResource", { resourceArn: arn }), { tags });
  await assert.rejects(
    call("PutSubscriptionFilter", {
      filterName: "all",
      filterPattern: "",
      destinationArn: arn.replace(account, "999999999999"),
    }),
    { code: "AccessDeniedException" },
  );
  await subscribe();
  await put("a");
  await untilTexts(stream, "a");
  const other = `${destinationArn}-other`;
  await call("PutDestination", { ...given, targetArn: other, tags: undefined });
  const described = (await call("DescribeDestinations", { DestinationNamePrefix: "sh" })) as {
    destinations: { targetArn: string }[];
  };
  assert.deepEqual(
    described.destinations.map(({ targetArn }) => targetArn),
    [other],
  );
  await put("b");
  await untilTexts(stream, "a b");
  await call("DeleteDestination", { destinationName });
  await assert.rejects(call("DeleteDestination", { destinationName }), {
    code: "ResourceNotFoundException",
  });
  await kernel.stop();
});
