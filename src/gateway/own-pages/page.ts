import type { HttpRequest, HttpResponse } from "../front/http.ts";
import type { GatewayOptions } from "../options.ts";

/** One of the server's own pages: what it answers by method. HEAD goes where GET goes. */
export interface OwnPage {
  /**
   * Who may ask. "all": everybody, as it names nothing but the server itself. "owner": whoever may do anything here;
   * see access.ts. "peers": other servers; the page looks for itself.
   */
  readonly access: "all" | "owner" | "peers";
  /** 64 KB unless it is said. */
  readonly largestBodyBytes?: number;
  readonly GET?: PageHandler;
  readonly POST?: PageHandler;
  readonly DELETE?: PageHandler;
}

export type PageHandler = (call: PageCall) => HttpResponse | Promise<HttpResponse>;

export interface PageCall {
  readonly options: GatewayOptions;
  readonly request: HttpRequest;
  /** What stands in the path behind the page's name, decoded: `baseline` of `/_tule/snapshots/baseline`. */
  readonly item: string | undefined;
  readonly body: Buffer;
}

/** An answer that says what is wrong. Thrown by handlers. */
export class PageProblem extends Error {
  override name = "PageProblem";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function json(status: number, value: object): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: `${JSON.stringify(value)}\n`,
  };
}
