import { type RegionCall, RegionUnreachable } from "#kernel/region-calls.ts";
import { signatureHeader } from "../peer-signatures.ts";
import { json, type OwnPage, PageProblem } from "./page.ts";

/** Calls of peers, who serve other regions: see ../peers.ts. */
export const replication: OwnPage = {
  access: "peers",
  largestBodyBytes: 16 * 1024 * 1024,
  async POST({ options, request, body }) {
    const { peerSignatures, kernel } = options;
    if (peerSignatures === undefined) throw new PageProblem(403, "this server has no peers");
    const refusal = peerSignatures.refusal(body, request.headers[signatureHeader]);
    if (refusal !== undefined)
      throw new PageProblem(refusal.isPassing ? 503 : 403, refusal.message);
    const call = callOf(body);
    if (kernel.peers.urlOf(call.to) !== undefined) {
      throw new PageProblem(421, `${call.to} is not served here`);
    }
    try {
      return json(200, { answer: await kernel.regionCalls.receive(call) });
    } catch (problem) {
      if (problem instanceof RegionUnreachable) throw new PageProblem(503, problem.message);
      kernel.log.error("a call of a peer failed", { call: call.call, failure: problem });
      throw new PageProblem(500, "the call failed");
    }
  },
};

function callOf(body: Buffer): RegionCall {
  const { service, account, from, to, call, payload } = JSON.parse(body.toString("utf8")) as Record<
    keyof RegionCall,
    unknown
  >;
  const texts = [service, account, from, to, call];
  if (!texts.every((text) => typeof text === "string")) {
    throw new PageProblem(400, "a call has a service, an account, regions and a name");
  }
  return { service, account, from, to, call, payload } as RegionCall;
}
