import type { RequestContext } from "#kernel/authorization/request-context.ts";
import type { HttpRequest } from "./front/http.ts";

/**
 * What the connection and its headers tell conditions of policies. Nothing is encrypted on the loopback interface, and
 * nobody else is on it: it counts as secure, so that policies written for AWS hold here.
 */
export class RequestKeys implements RequestContext {
  readonly #request: HttpRequest;

  constructor(request: HttpRequest) {
    this.#request = request;
  }

  get(key: string): string | undefined {
    const { remoteAddress, headers } = this.#request;
    const address = remoteAddress.replace(/^::ffff:/, "");
    switch (key) {
      case "aws:sourceip":
        return address === "" ? undefined : address;
      case "aws:useragent":
        return headers["user-agent"];
      case "aws:referer":
        return headers["referer"];
      case "aws:securetransport":
        return String(address === "::1" || address.startsWith("127."));
      default:
        return undefined;
    }
  }
}
