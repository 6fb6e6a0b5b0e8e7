import assert from "node:assert/strict";
import test from "node:test";
import { rootOf } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#kernel/log.ts";
import { defineService } from "#kernel/service.ts";
import { ServiceError } from "#kernel/errors.ts";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { realWorld } from "#world/real.ts";
import { dynamodb } from "../service.ts";
import type { DataRecord } from "./data-record.ts";

/*
 * There is no Kinesis here yet: what stands in for it is a service of its name that keeps what it is given, and fails
 * when it is told to.
 */

/** Asks again and again until the answer is right, and lets the server work in between. */
async function until<T>(ask: () => T | Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  // By time, not by turns: a delivery that failed is tried again after some hundred milliseconds.
  const deadlineMs = performance.now() + 20_000;
  while (performance.now() < deadlineMs) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail("never came");
}

const account = "000000000000";
const region = "eu-west-1";
const StreamARN = `arn:aws:kinesis:${region}:${account}:stream/changes`;
const TableName = "songs";

class DataStream {
  readonly records: DataRecord[] = [];
  isThere = true;
  /** How many more calls take only the first record of each. */
  failures = 0;

  get service() {
    return defineService({
      name: "kinesis",
      operations: {
        DescribeStreamSummary: () => {
          if (!this.isThere) throw new ServiceError("ResourceNotFoundException", "no such stream");
          return { StreamDescriptionSummary: { StreamStatus: "ACTIVE" } };
        },
        PutRecords: (_ctx: unknown, { Records }: { readonly Records: readonly DataRecord[] }) => {
          this.failures -= 1;
          const taken = this.failures >= 0 ? 1 : Records.length;
          this.records.push(...Records.slice(0, taken));
          return {
            Records: Records.map((_, at) =>
              at < taken ? {} : { ErrorCode: "ProvisionedThroughputExceededException" },
            ),
          };
        },
      } as never,
    });
  }

  /** "INSERT a 1, MODIFY a 2": what came of one item, or of all. */
  told(id?: string): string {
    return this.records
      .map(({ Data }) => JSON.parse(Data.toString()) as ToldRecord)
      .filter(({ dynamodb: { Keys } }) => id === undefined || Keys.id.S === id)
      .map(({ eventName, dynamodb: { Keys, NewImage } }) =>
        [eventName, Keys.id.S, NewImage?.n?.N].filter(Boolean).join(" "),
      )
      .join(", ");
  }
}

interface ToldRecord {
  readonly eventName: string;
  readonly dynamodb: {
    readonly Keys: { readonly id: { readonly S: string } };
    readonly NewImage?: { readonly n?: { readonly N: string } };
  };
}

class Server {
  readonly stream: DataStream;
  readonly kernel: Kernel;

  constructor(stream: DataStream, store: Store = memoryStore()) {
    this.stream = stream;
    const services = [dynamodb, stream.service];
    this.kernel = new Kernel({ world: realWorld(), store, services, log: silentLog });
  }

  static async start(stream: DataStream, store?: Store): Promise<Server> {
    const server = new Server(stream, store);
    await server.kernel.start();
    return server;
  }

  call(operation: string, input: object): Promise<Record<string, unknown>> {
    const origin = { service: "dynamodb", account, region, requestId: "r", operation };
    const whole = { TableName, ...input };
    const answer = this.kernel.call({ ...origin, caller: rootOf(account) }, whole);
    return answer as Promise<Record<string, unknown>>;
  }

  async makeTable(): Promise<void> {
    await this.call("CreateTable", {
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    });
    await until(
      async () => (await this.call("DescribeTable", {}))["Table"] as { TableStatus: string },
      ({ TableStatus: status }) => status === "ACTIVE",
    );
  }

  async status(): Promise<string> {
    const answer = await this.call("DescribeKinesisStreamingDestination", {});
    const [one] = answer["KinesisDataStreamDestinations"] as {
      readonly DestinationStatus: string;
    }[];
    return one?.DestinationStatus ?? "";
  }

  untilStatus(wanted: string): Promise<string> {
    return until(
      () => this.status(),
      (status) => status === wanted,
    );
  }

  async enable(): Promise<void> {
    await this.call("EnableKinesisStreamingDestination", { StreamArn: StreamARN });
    await this.untilStatus("ACTIVE");
  }

  put(id: string, n: number): Promise<unknown> {
    return this.call("PutItem", { Item: { id: { S: id }, n: { N: String(n) } } });
  }

  untilTold(count: number): Promise<number> {
    return until(
      () => this.stream.records.length,
      (length) => length >= count,
    );
  }
}

test("changes go to the stream in order, from enabling to disabling", async () => {
  const server = await Server.start(new DataStream());
  await server.makeTable();
  await server.put("early", 1);
  await server.enable();
  await server.put("a", 1);
  await server.put("a", 1);
  await server.put("a", 2);
  await server.call("DeleteItem", { Key: { id: { S: "a" } } });
  await server.call("DisableKinesisStreamingDestination", { StreamArn: StreamARN });
  await server.untilStatus("DISABLED");
  await server.put("late", 1);
  assert.equal(server.stream.told(), "INSERT a 1, MODIFY a 2, REMOVE a");
  const keys = new Set(server.stream.records.map(({ PartitionKey: key }) => key));
  assert.equal(keys.size, 1);
  await server.enable();
  await server.put("again", 1);
  await server.untilTold(4);
  assert.equal(server.stream.told("again"), "INSERT again 1");
  await server.kernel.stop();
});

test("what the stream does not take is sent again, nothing lost and nothing out of order", async () => {
  const stream = new DataStream();
  const server = await Server.start(stream);
  await server.makeTable();
  await server.enable();
  stream.failures = 3;
  for (let n = 1; n <= 8; n += 1) await server.put("a", n);
  await until(
    () => stream.told("a"),
    (told) => told.endsWith("MODIFY a 8"),
  );
  const numbers = stream
    .told("a")
    .split(", ")
    .map((one) => one.split(" ")[2]);
  assert.deepEqual([...new Set(numbers)], ["1", "2", "3", "4", "5", "6", "7", "8"]);
  await server.kernel.stop();
});

test("what was acknowledged is delivered by the next process", async () => {
  const store = memoryStore();
  const first = await Server.start(new DataStream(), store);
  await first.makeTable();
  await first.enable();
  await first.kernel.stop();
  // Nobody runs jobs any more, but writes are still committed.
  for (let n = 1; n <= 5; n += 1) await first.put("a", n);
  assert.equal(first.stream.told(), "");
  const second = await Server.start(new DataStream(), store);
  await second.untilTold(5);
  assert.equal(second.stream.told(), "INSERT a 1, MODIFY a 2, MODIFY a 3, MODIFY a 4, MODIFY a 5");
  await second.kernel.stop();
});

test("a stream that is not there fails the destination, which can be enabled again", async () => {
  const stream = new DataStream();
  stream.isThere = false;
  const server = await Server.start(stream);
  await server.makeTable();
  await server.call("EnableKinesisStreamingDestination", { StreamArn: StreamARN });
  await server.untilStatus("ENABLE_FAILED");
  await server.put("a", 1);
  stream.isThere = true;
  await server.enable();
  await server.put("b", 1);
  await server.untilTold(1);
  assert.equal(stream.told(), "INSERT b 1");
  await server.kernel.stop();
});
