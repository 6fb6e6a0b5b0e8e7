import { CloudWatchClient, type CloudWatchClientConfig } from "@aws-sdk/client-cloudwatch";
import { startTule, type Tule } from "./tule.ts";
import assert from "node:assert/strict";

export const minuteMs = 60_000;

/** CloudWatch in an account that nobody else uses, on a server whose clock stands still until it is moved. */
export class Watched {
  readonly tule: Tule;
  readonly account: string;
  readonly client: CloudWatchClient;

  constructor(tule: Tule, account = tule.newAccount(), config: CloudWatchClientConfig = {}) {
    this.tule = tule;
    this.account = account;
    this.client = cloudWatchOf(tule, account, config);
  }

  static async start(options: Parameters<typeof startTule>[0] = {}): Promise<Watched> {
    const watched = new Watched(await startTule(options));
    await watched.time({ frozen: true });
    return watched;
  }

  /** Answers when what became due has been done. */
  async time(change: object): Promise<void> {
    const answer = await fetch(`${this.tule.endpoint}/_tule/time`, {
      method: "POST",
      body: JSON.stringify(change),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  nowMs(): number {
    return this.tule.clock.nowMs();
  }

  /** The start of the running minute, or of one so many minutes ago. */
  minute(ago = 0): Date {
    return new Date(Math.floor(this.nowMs() / minuteMs) * minuteMs - ago * minuteMs);
  }
}

export function cloudWatchOf(
  { endpoint }: { readonly endpoint: string },
  account: string,
  config: CloudWatchClientConfig = {},
): CloudWatchClient {
  return new CloudWatchClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "test" },
    maxAttempts: 1,
    ...config,
  });
}
