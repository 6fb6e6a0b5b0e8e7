import { askServer } from "./ask-server.ts";
import type { Configuration } from "./configuration.ts";
import { UsageError } from "./settings.ts";

interface Denial {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: "explicitDeny" | "implicitDeny";
  readonly layer: string;
  readonly statements: readonly {
    readonly policy: string;
    readonly sid?: string;
    readonly position: number;
  }[];
}

/** Tells why policies denied a request of a running server. */
export async function whyDenied(
  configuration: Configuration,
  words: readonly string[],
): Promise<number> {
  const [requestId, ...more] = words;
  if (requestId === undefined || more.length > 0) {
    throw new UsageError("tule why-denied needs one request id: the error that was denied has it");
  }
  const page = `denials/${encodeURIComponent(requestId)}`;
  const denial = await askServer<Denial>(configuration, "GET", page);
  process.stdout.write(`${explained(denial).join("\n")}\n`);
  return 0;
}

function explained({ principal, action, resource, decision, layer, statements }: Denial): string[] {
  const lines = [principal, `asked for ${action}`, `on ${resource}`];
  if (decision === "implicitDeny") return [...lines, `denied: no ${layer} allows it`];
  for (const { policy, sid, position } of statements) {
    const statement = sid === undefined ? `statement ${position + 1}` : `statement "${sid}"`;
    lines.push(`denied: ${statement} of a ${layer}, ${policy}`);
  }
  return lines;
}
