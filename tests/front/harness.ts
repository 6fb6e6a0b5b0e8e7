import type { Front, FrontLimits, HttpHandler, HttpRequest } from "#gateway/front/http.ts";
import { openFront } from "#gateway/front/open-front.ts";
import { simulatedWorld } from "#world/simulated.ts";
import type { SimulatedWorld } from "#world/simulated.ts";
import type { Connection } from "#world/world.ts";

/** Both ways to speak HTTP/1.1: every test of this folder runs against each. */
export const bothFronts = ["sockets", "node"] as const;

export interface FrontUnderTest {
  readonly world: SimulatedWorld;
  readonly front: Front;
  readonly failures: unknown[];
  /** What the handler was given, in order. */
  readonly requests: HttpRequest[];
  readonly connect: () => Client;
  /** Everything that can happen without time passing has happened. */
  readonly settle: () => Promise<void>;
}

export interface FrontSetup {
  readonly handler?: HttpHandler;
  readonly limits?: Partial<FrontLimits>;
  readonly seed?: number;
}

/** Answers with what came: "METHOD path?query:body". */
export const echo: HttpHandler = async (request) => {
  const body = await request.body.bytes(1_000_000);
  const target = request.query === "" ? request.path : `${request.path}?${request.query}`;
  return {
    status: 200,
    headers: { "content-type": "text/plain" },
    body: `${request.method} ${target}:${body.toString("latin1")}`,
  };
};

export async function frontUnderTest(
  http1: "sockets" | "node",
  setup: FrontSetup = {},
): Promise<FrontUnderTest> {
  const world = simulatedWorld({ seed: setup.seed ?? 1 });
  const failures: unknown[] = [];
  const requests: HttpRequest[] = [];
  const handler = setup.handler ?? echo;
  const front = await openFront({
    sockets: world.sockets,
    clock: world.clock,
    host: "127.0.0.1",
    port: 80,
    http1,
    handler(request) {
      requests.push(request);
      return handler(request);
    },
    limits: setup.limits ?? {},
    onFailure: (failure) => failures.push(failure),
  });
  return {
    world,
    front,
    failures,
    requests,
    connect: () => new Client(world.sockets.connect(front.port), world),
    settle: () => world.clock.settle(),
  };
}

/** The other side of a connection, at the level of bytes. */
export class Client {
  readonly connection: Connection;
  private readonly world: SimulatedWorld;
  private chunks: Buffer[] = [];
  ended = false;

  constructor(connection: Connection, world: SimulatedWorld) {
    this.connection = connection;
    this.world = world;
    connection.on("data", (chunk: Buffer) => this.chunks.push(chunk));
    connection.on("end", () => {
      this.ended = true;
    });
    connection.on("close", () => {
      this.ended = true;
    });
  }

  /** Everything received so far. */
  get received(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  /** Sends and waits until the server has nothing more to do about it. */
  async send(bytes: string | Buffer): Promise<string> {
    this.connection.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    await this.world.clock.settle();
    return this.received;
  }

  /** Bodies of all answers so far. */
  get bodies(): string[] {
    return answersIn(this.received).map((answer) => answer.body);
  }

  get statuses(): number[] {
    return answersIn(this.received).map((answer) => answer.status);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads answers strictly one behind the other; throws where the bytes are not whole answers. */
export function answersIn(received: string, toHead = false): Answer[] {
  const answers: Answer[] = [];
  let at = 0;
  while (at < received.length) {
    const headEnd = received.indexOf("\r\n\r\n", at);
    if (headEnd < 0) throw new Error(`no whole head in ${JSON.stringify(received.slice(at))}`);
    const [statusLine = "", ...lines] = received.slice(at, headEnd).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (!(status >= 100)) throw new Error(`no status line: ${JSON.stringify(statusLine)}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(": ");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
    }
    at = headEnd + 4;
    let body = "";
    if (status < 200 || status === 204 || status === 304) {
      answers.push({ status, headers, body });
      continue;
    }
    if (headers["transfer-encoding"] === "chunked" && !toHead) {
      for (;;) {
        const lineEnd = received.indexOf("\r\n", at);
        const length = Number.parseInt(received.slice(at, lineEnd), 16);
        if (lineEnd < 0 || Number.isNaN(length)) throw new Error("a chunk is not whole");
        body += received.slice(lineEnd + 2, lineEnd + 2 + length);
        at = lineEnd + 2 + length + 2;
        if (length === 0) break;
      }
    } else if (headers["content-length"] !== undefined && !toHead) {
      const length = Number(headers["content-length"]);
      body = received.slice(at, at + length);
      if (body.length !== length) throw new Error("an answer is shorter than its Content-Length");
      at += length;
    }
    answers.push({ status, headers, body });
  }
  return answers;
}

export const get = (path: string, more = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

export const post = (path: string, body: string, more = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
