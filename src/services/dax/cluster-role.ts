import type { RoleToAssume } from "#kernel/assumed-roles.ts";
import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";

/** AWS does not say what its sessions are called. */
export function roleForNodes(arn: string): RoleToAssume {
  return { arn, sessionName: "dax" };
}

/**
 * DAX must be able to have the role before there is a cluster. Source: the words by which the Terraform provider knows
 * that a new role is not there yet.
 */
export async function checkRole(
  ctx: Context<"InvalidParameterValueException">,
  arn: string,
): Promise<void> {
  try {
    await ctx.servicesAs(roleForNodes(arn));
  } catch (denial) {
    if (!(denial instanceof ServiceError)) throw denial;
    throw ctx.error("InvalidParameterValueException", `No permission to assume role: ${arn}`);
  }
}
