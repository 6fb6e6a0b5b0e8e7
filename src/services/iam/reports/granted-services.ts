import { parsePolicyDocument } from "#kernel/authorization/policy-document.ts";
import { knownNamespaces } from "./service-names.ts";

/** Which services policies let somebody use. Boundaries and organizations are left out, as AWS does. */

/** Whether some statement allows something of the service. */
export function grants(document: string, namespace: string): boolean {
  return namespacesIn(document, [namespace]).has(namespace);
}

/** The services that a document allows something of: those it names, or all that are known. */
export function namespacesIn(
  document: string,
  known: readonly string[] = knownNamespaces,
): Set<string> {
  const found = new Set<string>();
  for (const { effect, actions } of parsePolicyDocument(document, "identity").statements) {
    if (effect !== "Allow") continue;
    for (const action of actions.values) {
      const [prefix = ""] = action.toLowerCase().split(":");
      // All but some actions: others are left, of this service and of every other.
      const all = actions.isNegated || prefix === "*";
      for (const namespace of all ? known : [prefix]) found.add(namespace);
    }
  }
  return found;
}
