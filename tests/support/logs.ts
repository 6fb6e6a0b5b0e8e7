import {
  CloudWatchLogsClient,
  CloudWatchLogsServiceException,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
  type PutLogEventsCommandOutput,
} from "@aws-sdk/client-cloudwatch-logs";
import assert from "node:assert/strict";
import type { Tule } from "./tule.ts";

/** The error that a call was refused with, as `code: message`. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => assert.fail("not refused"),
    (problem: unknown) => problem,
  );
  assert(
    error instanceof CloudWatchLogsServiceException,
    `no answer of the service: ${String(error)}`,
  );
  return `${error.name}: ${error.message}`;
}

/** A client in an account of its own, with a log group and a stream in it. */
export class Logs {
  readonly client: CloudWatchLogsClient;
  readonly group = "/app/web";
  readonly stream = "one";

  constructor(endpoint: string, account: string, region = "us-east-1") {
    this.client = new CloudWatchLogsClient({
      endpoint,
      region,
      credentials: { accessKeyId: account, secretAccessKey: "test" },
      maxAttempts: 1,
      disableHostPrefix: true,
    });
  }

  static async in(tule: Tule, account = tule.newAccount()): Promise<Logs> {
    const logs = new Logs(tule.endpoint, account);
    await logs.make();
    return logs;
  }

  async make(): Promise<void> {
    await this.client.send(new CreateLogGroupCommand({ logGroupName: this.group }));
    await this.makeStream(this.stream);
  }

  makeStream(logStreamName: string): Promise<unknown> {
    return this.client.send(
      new CreateLogStreamCommand({ logGroupName: this.group, logStreamName }),
    );
  }

  /** Events one millisecond after another, or with times of their own. */
  put(
    events: readonly (string | { readonly timestamp: number; readonly message: string })[],
    startMs = Date.now(),
    logStreamName = this.stream,
  ): Promise<PutLogEventsCommandOutput> {
    const logEvents = events.map((event, at) =>
      typeof event === "string" ? { timestamp: startMs + at, message: event } : event,
    );
    const input = { logGroupName: this.group, logStreamName, logEvents };
    return this.client.send(new PutLogEventsCommand(input));
  }

  async get(input: Partial<GetLogEventsCommandInput> = {}) {
    const { events, ...tokens } = await this.client.send(
      new GetLogEventsCommand({ logGroupName: this.group, logStreamName: this.stream, ...input }),
    );
    return { messages: events!.map(({ message }) => message!), events: events!, ...tokens };
  }

  async filter(input: Partial<FilterLogEventsCommandInput> = {}) {
    const { events, nextToken } = await this.client.send(
      new FilterLogEventsCommand({ logGroupName: this.group, ...input }),
    );
    return { messages: events!.map(({ message }) => message!), events: events!, nextToken };
  }
}
