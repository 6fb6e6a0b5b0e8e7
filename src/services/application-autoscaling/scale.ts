import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Activity } from "./activities.ts";
import { provide, type Provision, type ScalableResource } from "./resources.ts";

/**
 * Sets the capacity of a resource; answers what is to be told of it, or "busy" if it is being updated just now. Words:
 * API reference, DescribeScalingActivities, and the AWS CLI's examples.
 */
export async function scale(
  ctx: Context,
  resource: ScalableResource,
  before: Provision,
  units: number,
  cause: string,
): Promise<Activity | "busy"> {
  const startMs = ctx.now();
  const what = `${resource.direction.toLowerCase()} capacity units to ${units}`;
  const told = { description: `Setting ${what}.`, cause, startMs };
  try {
    await provide(ctx, resource, before, units);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === "ResourceInUseException") return "busy";
    const message = `Failed to set ${what}. Reason: ${error.message} (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ${error.code})`;
    return { ...told, status: "Failed", message, endMs: ctx.now() };
  }
  const message = `Successfully set ${what}. Change successfully fulfilled by dynamodb.`;
  return { ...told, status: "Successful", message, endMs: ctx.now() };
}
