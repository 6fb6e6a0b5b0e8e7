import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs } from "#models/logs.ts";
import { definitionKey, definitionsPrefix } from "../keyspace.ts";
import { notBuilt } from "../not-built.ts";
import { pageOf } from "../pages.ts";
import { definitionCodec } from "./records.ts";

const pageAtMost = 1_000;
const missing = "The specified query definition does not exist.";

/** Queries that were saved: for people, nothing runs them. */
export const queryDefinitions = {
  PutQueryDefinition(ctx, input) {
    if ((input.queryLanguage ?? "CWLI") !== "CWLI" || input.parameters !== undefined) {
      throw notBuilt(ctx, "PutQueryDefinition with another language or with parameters");
    }
    const newId = ctx.random.uuid();
    return ctx.transact((tx) => {
      const id = input.queryDefinitionId ?? newId;
      const key = definitionKey(ctx, id);
      if (input.queryDefinitionId !== undefined && tx.get(key) === undefined) {
        throw ctx.error("ResourceNotFoundException", missing);
      }
      tx.putRecord(key, definitionCodec, {
        id,
        name: input.name,
        text: input.queryString,
        groups: input.logGroupNames,
        modifiedMs: ctx.now(),
      });
      return { queryDefinitionId: id };
    });
  },

  DeleteQueryDefinition(ctx, input) {
    return ctx.transact((tx) => {
      const key = definitionKey(ctx, input.queryDefinitionId);
      if (tx.get(key) === undefined) throw ctx.error("ResourceNotFoundException", missing);
      tx.delete(key);
      return { success: true };
    });
  },

  DescribeQueryDefinitions(ctx, input) {
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix: definitionsPrefix(ctx),
        codec: definitionCodec,
        limit: input.maxResults ?? pageAtMost,
        nextToken: input.nextToken,
        isWanted: ({ name }) => name.startsWith(input.queryDefinitionNamePrefix ?? ""),
      });
      return {
        queryDefinitions: items.map((definition) => ({
          queryLanguage: "CWLI" as const,
          queryDefinitionId: definition.id,
          name: definition.name,
          queryString: definition.text,
          lastModified: definition.modifiedMs,
          logGroupNames: definition.groups === undefined ? [] : [...definition.groups],
        })),
        nextToken: next,
      };
    });
  },
} satisfies Handlers<CloudWatchLogs>;
