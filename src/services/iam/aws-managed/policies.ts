import { createHash } from "node:crypto";
import { arnOf } from "../arns.ts";
import type { PolicyRecord } from "../records.ts";
import { statements } from "./statements.ts";

/** The day on which AWS began to have managed policies. */
const createdAtMs = Date.UTC(2015, 1, 6);

/** AWS's managed policies, each in one version, by name. Their ids are made from their names: AWS's are not published. */
export const awsManagedPolicies: readonly PolicyRecord[] = Object.entries(statements)
  .map(([place, list]) => {
    const slash = place.lastIndexOf("/") + 1;
    const name = place.slice(slash);
    const document = JSON.stringify({ Version: "2012-10-17", Statement: list });
    return {
      name,
      path: place.slice(0, slash),
      id: `ANPA${createHash("sha256").update(name).digest("hex").slice(0, 17).toUpperCase()}`,
      createdAtMs,
      updatedAtMs: createdAtMs,
      tags: {},
      versions: [{ id: "v1", document, createdAtMs }],
      defaultVersion: "v1",
      nextVersion: 2,
    };
  })
  .sort((one, other) => (one.name < other.name ? -1 : 1));

const byArn = new Map(
  awsManagedPolicies.map((policy) => [arnOf("aws", "policy", policy), policy] as const),
);

/** Undefined for what is not AWS's, and for those that are not here. */
export function awsManagedPolicy(arn: string): PolicyRecord | undefined {
  return byArn.get(arn);
}
