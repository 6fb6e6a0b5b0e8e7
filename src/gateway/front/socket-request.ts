import type { HttpRequest, RequestBody } from "./http.ts";
import { EmptyBody } from "./request-body.ts";
import type { IncomingBody } from "./request-body.ts";
import type { RequestHead } from "./request-head.ts";

const emptyBody = new EmptyBody();

/** A request of the socket front. A class, so that all requests have one shape and no closures. */
export class SocketRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly httpVersion: "1.1" | "1.0";
  readonly body: RequestBody;
  /** The same body, if there is one. */
  readonly incoming: IncomingBody | undefined;
  readonly keepAlive: boolean;
  dispatched = false;
  private readonly connection: { readonly remoteAddress: string };
  private abort: AbortController | undefined = undefined;
  private aborted = false;

  constructor(
    connection: { readonly remoteAddress: string },
    head: RequestHead,
    incoming: IncomingBody | undefined,
    keepAlive: boolean,
  ) {
    this.connection = connection;
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.headers = head.headers;
    this.httpVersion = head.httpVersion;
    this.incoming = incoming;
    this.body = incoming ?? emptyBody;
    this.keepAlive = keepAlive;
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  /** Made when first asked for: most handlers never do. */
  get signal(): AbortSignal {
    this.abort ??= new AbortController();
    if (this.aborted) this.abort.abort();
    return this.abort.signal;
  }

  goneAway(): void {
    this.aborted = true;
    this.abort?.abort();
  }
}
