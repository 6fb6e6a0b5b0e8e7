import assert from "node:assert/strict";
import test from "node:test";
import {
  DescribeLogStreamsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { covers } from "../../support/covers.ts";
import { Logs, refusal } from "../../support/logs.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const hourMs = 3_600_000;

test("events are read as they were put, with the time at which they came", async () => {
  covers("logs.PutLogEvents", "logs.GetLogEvents");
  const logs = await Logs.in(tule);
  const nowMs = Date.now();
  const answer = await logs.put(["first", "second", "ümläute 😀"], nowMs - 10);
  assert.match(answer.nextSequenceToken!, /^\d{56}$/);
  assert.equal(answer.rejectedLogEventsInfo, undefined);
  const { events } = await logs.get();
  assert.deepEqual(
    events.map(({ timestamp, message }) => [timestamp! - nowMs, message]),
    [
      [-10, "first"],
      [-9, "second"],
      [-8, "ümläute 😀"],
    ],
  );
  for (const { ingestionTime } of events) assert(ingestionTime! >= nowMs);
});

test("what is put late stands where its time says", async () => {
  covers("logs.PutLogEvents", "logs.GetLogEvents");
  const logs = await Logs.in(tule);
  const nowMs = Date.now();
  await logs.put(["c", "e"], nowMs);
  await logs.put(["a"], nowMs - 20 * hourMs);
  await logs.put([
    { timestamp: nowMs - 5, message: "b" },
    { timestamp: nowMs, message: "d" },
  ]);
  assert.deepEqual((await logs.get()).messages, ["a", "b", "c", "d", "e"]);
});

test("tokens lead through a stream in both directions, and stay at its ends", async () => {
  covers("logs.GetLogEvents");
  const logs = await Logs.in(tule);
  const messages = Array.from({ length: 25 }, (_, at) => `event ${at}`);
  await logs.put(messages);
  const latest = await logs.get({ limit: 10 });
  assert.deepEqual(latest.messages, messages.slice(15));
  const before = await logs.get({ limit: 10, nextToken: latest.nextBackwardToken! });
  assert.deepEqual(before.messages, messages.slice(5, 15));
  const first = await logs.get({ limit: 10, nextToken: before.nextBackwardToken! });
  assert.deepEqual(first.messages, messages.slice(0, 5));
  const none = await logs.get({ limit: 10, nextToken: first.nextBackwardToken! });
  assert.deepEqual(none.messages, []);
  assert.equal(none.nextBackwardToken, first.nextBackwardToken);

  const head = await logs.get({ limit: 20, startFromHead: true });
  assert.deepEqual(head.messages, messages.slice(0, 20));
  const rest = await logs.get({ limit: 20, nextToken: head.nextForwardToken! });
  assert.deepEqual(rest.messages, messages.slice(20));
  const end = await logs.get({ nextToken: rest.nextForwardToken! });
  assert.deepEqual(end.messages, []);
  assert.equal(end.nextForwardToken, rest.nextForwardToken);
  await logs.put(["later"], Date.now() + 1_000);
  assert.deepEqual((await logs.get({ nextToken: end.nextForwardToken! })).messages, ["later"]);
  assert.deepEqual(
    (await logs.get({ nextToken: end.nextBackwardToken!, limit: 1 })).messages,
    messages.slice(24),
  );
  assert.equal(
    await refusal(logs.get({ nextToken: "f/12/s" })),
    "InvalidParameterException: The specified nextToken is invalid.",
  );
});

test("a start is inclusive and an end is not", async () => {
  covers("logs.GetLogEvents", "logs.FilterLogEvents");
  const logs = await Logs.in(tule);
  const startMs = Date.now();
  await logs.put(["a", "b", "c", "d"], startMs);
  const window = { startTime: startMs + 1, endTime: startMs + 3 };
  assert.deepEqual((await logs.get(window)).messages, ["b", "c"]);
  // FilterLogEvents leaves out only what is later.
  assert.deepEqual((await logs.filter(window)).messages, ["b", "c", "d"]);
});

test("a filter reads a whole group by time", async () => {
  covers("logs.FilterLogEvents");
  const logs = await Logs.in(tule);
  await logs.makeStream("two");
  const startMs = Date.now();
  await logs.put(["ERROR a", "INFO b", "ERROR c"], startMs);
  await logs.put([{ timestamp: startMs + 1, message: "ERROR other" }], 0, "two");
  const { events } = await logs.filter({ filterPattern: "ERROR" });
  assert.deepEqual(
    events.map(({ message, logStreamName }) => `${logStreamName}: ${message}`),
    ["one: ERROR a", "two: ERROR other", "one: ERROR c"],
  );
  assert.equal(new Set(events.map(({ eventId }) => eventId)).size, 3);
  for (const { eventId } of events) assert.match(eventId!, /^\d{56}$/);
  assert.deepEqual((await logs.filter({ logStreamNames: ["two"] })).messages, ["ERROR other"]);
  assert.deepEqual((await logs.filter({ logStreamNamePrefix: "o" })).messages.length, 3);
  assert.equal(
    await refusal(logs.filter({ filterPattern: "{ $.a = }" })),
    "InvalidParameterException: Invalid filter pattern",
  );
  assert.equal(
    await refusal(logs.filter({ logStreamNames: ["none"] })),
    "ResourceNotFoundException: The specified log stream does not exist.",
  );
});

test("pages of a filter miss nothing and repeat nothing, over thousands of events in many puts", async () => {
  covers("logs.FilterLogEvents", "logs.PutLogEvents", "logs.GetLogEvents");
  const logs = await Logs.in(tule);
  const streams = ["one", "two", "three"];
  for (const name of streams.slice(1)) await logs.makeStream(name);
  const startMs = Date.now() - hourMs;
  const expected: { timestamp: number; message: string }[] = [];
  for (let batch = 0; batch < 300; batch += 1) {
    const events = Array.from({ length: batch % 7 === 0 ? 200 : 3 }, (_, at) => ({
      // Puts overlap, and some go back by an hour.
      timestamp: startMs + batch * 50 + at * 3 - (batch % 11 === 0 ? hourMs : 0),
      message: `${batch} ${at} ${"x".repeat(80)}`,
    }));
    expected.push(...events);
    await logs.put(events, 0, streams[batch % 3]);
  }
  const seen: string[] = [];
  let lastMs = 0;
  let nextToken: string | undefined;
  do {
    const page = await logs.filter({ limit: 777, ...(nextToken && { nextToken }) });
    for (const { timestamp, message } of page.events) {
      assert(timestamp! >= lastMs);
      lastMs = timestamp!;
      seen.push(message!);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(seen.toSorted(), expected.map(({ message }) => message).toSorted());

  // Backwards through one stream.
  const all: string[] = [];
  let token: string | undefined;
  for (;;) {
    const page = await logs.get({ limit: 500, ...(token && { nextToken: token }) });
    if (page.messages.length === 0) break;
    all.unshift(...page.messages);
    token = page.nextBackwardToken;
  }
  const forward: string[] = [];
  for (let at: string | undefined; ;) {
    const page = await logs.get({ limit: 999, startFromHead: true, ...(at && { nextToken: at }) });
    if (page.messages.length === 0) break;
    forward.push(...page.messages);
    at = page.nextForwardToken;
  }
  assert.deepEqual(all, forward);
  const own = expected.filter(({ message }) => Number(message.split(" ")[0]) % 3 === 0);
  assert.deepEqual(
    forward,
    own
      .map((event, at) => ({ ...event, at }))
      .toSorted((one, other) => one.timestamp - other.timestamp || one.at - other.at)
      .map(({ message }) => message),
  );
});

test("what is too new, too old or expired is left out, and the answer says from where", async () => {
  covers("logs.PutLogEvents", "logs.PutRetentionPolicy");
  const logs = await Logs.in(tule);
  const nowMs = Date.now();
  const at = (ms: number) => ({ timestamp: nowMs + ms, message: String(ms) });
  const tooNew = await logs.put([at(0), at(1), at(2.2 * hourMs), at(2.3 * hourMs)]);
  // Recorded: a token as well.
  assert.deepEqual(tooNew.rejectedLogEventsInfo, { tooNewLogEventStartIndex: 2 });
  assert.match(tooNew.nextSequenceToken!, /^\d{56}$/);
  const old = await logs.put([at(-14 * 24 * hourMs - 1000), at(-14 * 24 * hourMs + hourMs)]);
  assert.deepEqual(old.rejectedLogEventsInfo, { tooOldLogEventEndIndex: 1 });
  const retention = { logGroupName: logs.group, retentionInDays: 1 };
  await logs.client.send(new PutRetentionPolicyCommand(retention));
  const expired = await logs.put([at(-25 * hourMs), at(-24.5 * hourMs), at(-23 * hourMs)]);
  assert.deepEqual(expired.rejectedLogEventsInfo, { expiredLogEventEndIndex: 2 });
  const all = await logs.put([at(3 * hourMs)]);
  assert.deepEqual(all.rejectedLogEventsInfo, { tooNewLogEventStartIndex: 0 });
  // The one that was taken at 13.9 days is older than a day now.
  assert.deepEqual((await logs.get()).messages, [String(-23 * hourMs), "0", "1"]);
});

test("batches that no client should send are refused", async () => {
  covers("logs.PutLogEvents", "logs.GetLogEvents");
  const logs = await Logs.in(tule);
  const nowMs = Date.now();
  // Recorded.
  assert.equal(
    await refusal(
      logs.put([
        { timestamp: nowMs, message: "b" },
        { timestamp: nowMs - 1, message: "a" },
      ]),
    ),
    "InvalidParameterException: Log events in a single PutLogEvents request must be in chronological order.",
  );
  assert.equal(
    await refusal(logs.put(["a"], nowMs, "none")),
    "ResourceNotFoundException: The specified log stream does not exist.",
  );
  assert.equal(
    await refusal(logs.get({ limit: 10_001 })),
    "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
  );
  assert.equal(
    await refusal(logs.get({ logGroupName: "none" })),
    "ResourceNotFoundException: The specified log group does not exist.",
  );
  // From the documentation.
  const large = "x".repeat(600_000);
  assert.equal(
    await refusal(logs.put([large, large], nowMs)),
    "InvalidParameterException: Upload too large: 1200052 bytes exceeds limit of 1048576",
  );
  assert.equal(
    await refusal(
      logs.put([
        { timestamp: nowMs - 24 * hourMs - 1, message: "a" },
        { timestamp: nowMs, message: "b" },
      ]),
    ),
    "InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
  );
  assert.match(await refusal(logs.put([""], nowMs)), /^InvalidParameterException: 1 validation/);
});

test("a stream tells the times of its events", async () => {
  covers("logs.DescribeLogStreams", "logs.PutLogEvents");
  const logs = await Logs.in(tule);
  const startMs = Date.now() - 1_000;
  for (let put = 0; put < 300; put += 1) await logs.put([`event ${put}`], startMs + put);
  const { logStreams } = await logs.client.send(
    new DescribeLogStreamsCommand({ logGroupName: logs.group, orderBy: "LastEventTime" }),
  );
  const [stream] = logStreams!;
  assert.equal(stream!.firstEventTimestamp, startMs);
  assert.equal(stream!.lastEventTimestamp, startMs + 299);
  assert(stream!.lastIngestionTime! >= startMs);
  assert.equal((await logs.get()).messages.length, 300);
});
