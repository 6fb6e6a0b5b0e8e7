import { WireProblem } from "#wire/protocol.ts";
import { authenticate, type Caller } from "../authenticate.ts";
import { PageProblem, type OwnPage, type PageCall } from "./page.ts";

/**
 * Refuses who may not have the page. Pages that change the server or show what is in it are their owner's:
 *
 * - No web page may change anything. A browser posts wherever a page tells it to, without asking, and sends whatever
 *   the page likes; it cannot hide that it did. What it reads there, it does not hand to the page.
 * - With `--auth strict` the request must be signed with the root user's key, as any request to a service.
 * - With `--auth open` whoever can reach the server is root, here as everywhere.
 */
export async function checkAccess(page: OwnPage, call: PageCall): Promise<void> {
  if (page.access !== "owner") return;
  const { options, request, body } = call;
  const { headers, method } = request;
  const isRead = method === "GET" || method === "HEAD";
  if (!isRead && (headers["origin"] !== undefined || headers["sec-fetch-site"] !== undefined)) {
    throw new PageProblem(403, "a web page may not change this server");
  }
  const { principal } = await callerOf(call, body);
  if (principal.kind !== "root" || principal.account !== options.defaultAccount) {
    if (options.facts.authentication === "open" && principal.kind === "root") return;
    throw new PageProblem(403, "only the root user may do this");
  }
}

async function callerOf({ options, request }: PageCall, body: Buffer): Promise<Caller> {
  try {
    return await authenticate(options, {
      request,
      body,
      protocol: "rest-json",
      path: request.path,
      unsigned: false,
    });
  } catch (problem) {
    if (!(problem instanceof WireProblem)) throw problem;
    throw new PageProblem(
      403,
      `sign the request with the root user's key: ${problem.code} ${problem.message}`,
    );
  }
}
