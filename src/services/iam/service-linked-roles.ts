import type { Handlers } from "#kernel/service.ts";
import type { IAM } from "#models/iam.ts";
import { arnOf } from "./arns.ts";
import { findEntity, openEntity, putEntity } from "./entities.ts";
import { encodedDocument } from "./documents.ts";
import { uniqueId } from "./ids.ts";
import { deletionKey, useKey } from "./keyspace.ts";
import { linkedServices } from "./linked-services.ts";
import type { RoleRecord } from "./records.ts";
import { putUse } from "./boundaries.ts";
import { listedRole, removeRole } from "./roles.ts";

/** Roles that a service defines: nobody but it may assume them, and nobody may change what they may do. */
const suffix = ".amazonaws.com";

export const serviceLinkedRoles = {
  CreateServiceLinkedRole(ctx, input) {
    const service = input.AWSServiceName;
    const linked = service.endsWith(suffix)
      ? linkedServices[service.slice(0, -suffix.length)]
      : undefined;
    if (linked === undefined) {
      throw ctx.error("InvalidInput", `Service role for ${service} is not supported.`);
    }
    if (input.CustomSuffix !== undefined && linked.takesSuffix !== true) {
      // Recorded.
      throw ctx.error("InvalidInput", `Custom suffix is not allowed for ${service}`);
    }
    const ending = input.CustomSuffix === undefined ? "" : `_${input.CustomSuffix}`;
    const name = `${linked.roleName}${ending}`;
    const path = `/aws-service-role/${service}/`;
    const id = uniqueId(ctx.random, "AROA");
    const policyArn = `arn:aws:iam::aws:policy/aws-service-role/${linked.policyName}`;
    return ctx.transact((tx) => {
      if (findEntity(tx, ctx.account, "role", name) !== undefined) {
        throw ctx.error(
          "InvalidInput",
          `Service role name ${name} has been taken in this account, please try a different suffix.`,
        );
      }
      const role: RoleRecord = {
        name,
        path,
        id,
        createdAtMs: ctx.now(),
        inline: {},
        attached: [policyArn],
        tags: {},
        trust: trustOf(service),
        description: input.Description ?? linked.description,
        maxSessionSeconds: 3_600,
        linkedService: service,
      };
      putEntity(tx, ctx, "role", role);
      putUse(tx, ctx, "attached", policyArn, "role", name);
      const { MaxSessionDuration: _, ...created } = listedRole(ctx, role);
      return {
        Role: { ...created, AssumeRolePolicyDocument: encodedDocument(role.trust) },
      };
    });
  },

  /** Nothing of the services that have such roles uses them here: the role goes at once. */
  async DeleteServiceLinkedRole(ctx, input) {
    const uuid = ctx.random.uuid();
    return ctx.transact((tx) => {
      const role = openEntity(tx, ctx, "role", input.RoleName);
      if (role.linkedService === undefined) {
        throw ctx.error("NoSuchEntity", `The role with name ${role.name} cannot be found.`);
      }
      const [, place = ""] = arnOf(ctx.account, "role", role).split(":role");
      const DeletionTaskId = `task${place}/${uuid}`;
      for (const arn of role.attached) {
        tx.delete(useKey(ctx.account, "attached", arn, "role", role.name));
      }
      removeRole(tx, ctx, role);
      tx.put(deletionKey(ctx.account, DeletionTaskId), Buffer.alloc(0));
      return { DeletionTaskId };
    });
  },

  async GetServiceLinkedRoleDeletionStatus(ctx, input) {
    const found = await ctx.read((snapshot) =>
      snapshot.get(deletionKey(ctx.account, input.DeletionTaskId)),
    );
    if (found === undefined) {
      throw ctx.error("NoSuchEntity", `The deletion task ${input.DeletionTaskId} cannot be found.`);
    }
    return { Status: "SUCCEEDED" };
  },
} satisfies Handlers<IAM>;

function trustOf(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}
