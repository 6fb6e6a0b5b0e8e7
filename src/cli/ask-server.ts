import { realWorld } from "#world/real.ts";
import { signHeaders } from "#wire/sigv4-sign.ts";
import { clientKey } from "./client-key.ts";
import type { Configuration } from "./configuration.ts";
import { endpointOf } from "./endpoint.ts";

/** A running server would not, or none runs. One line for the user, exit code 1. */
export class ServerProblem extends Error {
  override name = "ServerProblem";
}

/** A large snapshot on a slow disk takes its time; a server that hangs is noticed all the same. */
const longestWaitMs = 120_000;

/** Asks one of the running server's own pages, signed with the key that this machine's clients use. */
export async function askServer<T>(
  configuration: Configuration,
  method: "GET" | "POST" | "DELETE",
  page: string,
  value?: object,
): Promise<T> {
  const endpoint = endpointOf(configuration);
  const path = `/_tule/${page}`;
  const { clock, files } = realWorld();
  const key = await clientKey(configuration, files);
  const body = value === undefined ? "" : JSON.stringify(value);
  const headers: Record<string, string> = { host: new URL(endpoint).host };
  if (body !== "") headers["content-type"] = "application/json";
  const signer = key && { ...key, region: configuration.region, service: "tule" };
  const request = { method, path, query: "", headers };
  const signed =
    signer === undefined
      ? headers
      : signHeaders(signer, request, clock.machineMs(), Buffer.from(body));
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(endpoint + path, {
      method,
      headers: signed,
      ...(body === "" ? {} : { body }),
      signal: AbortSignal.timeout(longestWaitMs),
    });
    text = await answer.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new ServerProblem(`nothing that is well answers at ${endpoint}: ${String(cause)}`);
  }
  const said = parsed(text);
  if (answer.ok && said !== undefined) return said as T;
  const message = (said as { message?: unknown } | undefined)?.message;
  throw new ServerProblem(
    typeof message === "string" ? message : `${endpoint}${path} answers ${answer.status}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
