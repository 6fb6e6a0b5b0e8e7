import { after } from "node:test";
import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { silentLog } from "#kernel/log.ts";
import { realWorld } from "#world/real.ts";
import type { Clock } from "#world/world.ts";
import { startServer, type ServerOptions } from "../../src/main.ts";

/** A running server over HTTP, with an account of its own for each client that is asked for. */
export interface Tule {
  readonly endpoint: string;
  /** Moves the server's wall clock. */
  readonly clock: Clock;
  /** A client in an account that nobody else uses; or in the account named. */
  dynamodb(account?: string, config?: DynamoDBClientConfig): DynamoDBClient;
  /** The same for S3, with buckets in the path. */
  s3(account?: string, config?: S3ClientConfig): S3Client;
  /** Twelve digits that no other test of this server was given. */
  newAccount(): string;
  /** What a metric came to so far, the running minute included: the sum of its values. */
  measured(
    account: string,
    namespace: string,
    metric: string,
    dimensions: Record<string, string>,
  ): Promise<number>;
  /** What a client would never send: any target, headers and body, as they are. */
  raw(request: RawRequest): Promise<RawAnswer>;
  close(): Promise<void>;
}

export interface RawRequest {
  /** "DynamoDB_20120810.GetItem" */
  readonly target?: string;
  readonly account?: string;
  /** us-east-1 unless it is said. */
  readonly region?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | Buffer | object;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined if it is none. */
  readonly json: unknown;
}

let accounts = 0;

/** Starts a server in this process on a free port; it is closed after the file's last test. In memory unless told otherwise. */
export async function startTule(options: Partial<ServerOptions> = {}): Promise<Tule> {
  const world = options.world ?? realWorld();
  const server = await startServer({
    log: silentLog,
    version: "test",
    dataFolder: undefined,
    host: "127.0.0.1",
    port: 0,
    servicePort: 0,
    http1: "sockets",
    authentication: "open",
    account: "000000000000",
    region: "us-east-1",
    rootKey: undefined,
    throttle: true,
    partitionLimits: false,
    ...options,
    world,
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const clients: { destroy(): void }[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    for (const client of clients) client.destroy();
    return (closed ??= server.close());
  };
  const newAccount = (): string => String(100_000_000_000 + (accounts += 1));
  after(close);
  return {
    endpoint,
    clock: world.clock,
    newAccount,
    close,
    dynamodb(account = newAccount(), config = {}) {
      const client = new DynamoDBClient({
        endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: account, secretAccessKey: "test" },
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    s3(account = newAccount(), config = {}) {
      const client = new S3Client({
        endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: account, secretAccessKey: "test" },
        forcePathStyle: true,
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    async measured(forAccount, namespace, metric, dimensions) {
      const asked = { account: forAccount, namespace, metric, ...dimensions };
      const answer = await fetch(
        `${endpoint}/_tule/measurements?${new URLSearchParams(asked).toString()}`,
      );
      const { points } = (await answer.json()) as { points: { sum: number }[] };
      return points.reduce((sum, point) => sum + point.sum, 0);
    },
    raw: (request) => send(endpoint, request),
  };
}

async function send(endpoint: string, request: RawRequest): Promise<RawAnswer> {
  const { target, account, region = "us-east-1", body } = request;
  const headers: Record<string, string> = { "content-type": "application/x-amz-json-1.0" };
  if (target !== undefined) headers["x-amz-target"] = target;
  if (account !== undefined) {
    headers["authorization"] =
      `AWS4-HMAC-SHA256 Credential=${account}/20260101/${region}/dynamodb/aws4_request, ` +
      `SignedHeaders=host, Signature=${"0".repeat(64)}`;
  }
  const method = request.method ?? "POST";
  const answer = await fetch(endpoint + (request.path ?? "/"), {
    method,
    headers: { ...headers, ...request.headers },
    ...(method === "GET" || method === "HEAD" ? {} : { body: bodyOf(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
}

function bodyOf(body: RawRequest["body"]): string | Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return body;
  if (body instanceof Buffer) return new Uint8Array(body);
  return JSON.stringify(body ?? {});
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
