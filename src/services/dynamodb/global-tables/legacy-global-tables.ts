import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB } from "#models/dynamodb.ts";
import { invalid } from "./replica-requests.ts";

/*
 * Version 2017.11.29 of global tables. AWS makes none any more, in any region, and so none is there to be found; that is
 * what these operations say. Tables of version 2019.11.21 are not theirs. Messages: measured in October 2026
 * (ack-api-quirks, DDB-GLOBALTABLE-001 to 005 and DDB-GLOBALTABLESETTINGS-001).
 */

function unsupported(ctx: Context): Error {
  return ctx.error(
    "ValidationException",
    `${invalid}DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).`,
  );
}

function notFound(ctx: Context<"GlobalTableNotFoundException">, name: string): Error {
  return ctx.error(
    "GlobalTableNotFoundException",
    `Global table with name: '${name}' does not exist.`,
  );
}

export const legacyGlobalTables = {
  CreateGlobalTable(ctx, input) {
    if (input.ReplicationGroup.length === 0) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Global table must have atleast one replica`,
      );
    }
    throw unsupported(ctx);
  },

  UpdateGlobalTable(ctx, input) {
    if (input.ReplicaUpdates.length === 0) {
      throw ctx.error("ValidationException", "One or more parameter values were invalid");
    }
    if (input.ReplicaUpdates.some(({ Create }) => Create !== undefined)) throw unsupported(ctx);
    throw notFound(ctx, input.GlobalTableName);
  },

  DescribeGlobalTable(ctx, { GlobalTableName: name }) {
    throw ctx.error(
      "GlobalTableNotFoundException",
      `Global table not found: Global table with name: '${name}' does not exist.`,
    );
  },

  ListGlobalTables() {
    return { GlobalTables: [] };
  },

  DescribeGlobalTableSettings(ctx, input) {
    throw notFound(ctx, input.GlobalTableName);
  },

  UpdateGlobalTableSettings(ctx, input) {
    throw notFound(ctx, input.GlobalTableName);
  },
} satisfies Handlers<DynamoDB>;
