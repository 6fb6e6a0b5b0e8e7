import type { Log } from "#kernel/log.ts";
import { type Peers, type RegionCall, RegionUnreachable } from "#kernel/region-calls.ts";
import type { Requests } from "#world/world.ts";
import { type PeerSignatures, signatureHeader } from "./peer-signatures.ts";

/*
 * How servers that share out the regions among them talk: a call between regions is a POST of JSON to the peer's own
 * page, signed with the secret that they share (peer-signatures.ts). Whoever knows the secret may do anything to replicas
 * here. Calls bear repeating, as jobs do it. Signatures hide nothing: peers speak https wherever others may listen.
 */

export const peerPath = "/_tule/replication";
const timeoutMs = 10_000;

export interface PeerOptions {
  /** By region: `http://10.0.0.2:4566`. */
  readonly urls: ReadonlyMap<string, string>;
  readonly signatures: PeerSignatures;
  readonly requests: Requests;
  readonly log: Log;
}

/** Peers over HTTP. */
export function httpPeers({ urls, signatures, requests, log }: PeerOptions): Peers {
  /** Refusals that were told of already: jobs try again several times a second. */
  const told = new Map<string, string>();
  return {
    urlOf: (region) => urls.get(region),
    async call(url, call) {
      const body = Buffer.from(JSON.stringify(call satisfies RegionCall));
      const headers = {
        "content-type": "application/json",
        [signatureHeader]: signatures.sign(body),
      };
      let problem: string;
      try {
        const answer = await requests.post(url + peerPath, { headers, body, timeoutMs });
        const text = answer.body.toString("utf8");
        if (answer.status === 200) {
          told.delete(url);
          return (JSON.parse(text) as { answer?: unknown }).answer;
        }
        problem = `${answer.status} ${text.trim()}`;
        if (answer.status !== 503 && told.get(url) !== problem) {
          told.set(url, problem);
          log.error("a peer refuses calls between regions", { peer: url, problem });
        }
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
      throw new RegionUnreachable(`${call.to} at ${url}: ${problem}`);
    },
  };
}
