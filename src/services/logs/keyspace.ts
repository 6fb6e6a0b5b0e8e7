import type { Key } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";

/*
 * Every key that CloudWatch Logs stores. All begin with (service, account, region); then:
 *
 *   next                                          → the number that the next group or stream gets
 *   group         name                            → GroupRecord
 *   size          group number                    → bytes of its events that are in chunks
 *   stream        group number, name              → StreamRecord
 *   tail          stream number, slot             → the stream's state, and events that are not in a chunk (events/tail.ts)
 *   chunk         stream number, span, first time, first sequence → compressed events (events/chunks.ts)
 *   metric-filter group number, name              → MetricFilterRecord
 *   metric-minute group number, name              → the last minute for which a metric filter's default value is due
 *   subscription  group number, name              → SubscriptionRecord
 *   delivery      subscription id · sequence      → matched events that its destination is to get
 *   delivery-next subscription id                 → the next sequence
 *   destination   name                            → DestinationRecord
 *   query         age, query id                   → QueryRecord; the newest first
 *   query-id      query id                        → when it was made
 *   query-result  query id, page                  → rows
 *   definition    id                              → DefinitionRecord: a saved query
 *   export        age, task id                    → ExportRecord; the newest first
 *
 * Groups and streams have numbers that are never given out twice, so one that is made anew under an old name never meets
 * the old one's events, which are swept later.
 */

type AnyContext = Context;
type Numbered = { readonly number: number };

export const nextNumberKey = (ctx: AnyContext): Key => ctx.key("next");

export const groupKey = (ctx: AnyContext, name: string): Key => ctx.key("group", name);
export const groupsPrefix = (ctx: AnyContext): Key => ctx.key("group");
export const groupSizeKey = (ctx: AnyContext, group: Numbered): Key =>
  ctx.key("size", group.number);

export const streamKey = (ctx: AnyContext, group: Numbered, name: string): Key =>
  ctx.key("stream", group.number, name);
export const streamsPrefix = (ctx: AnyContext, group: Numbered): Key =>
  ctx.key("stream", group.number);

export const tailPrefix = (ctx: AnyContext, stream: Numbered): Key =>
  ctx.key("tail", stream.number);
export const chunksPrefix = (ctx: AnyContext, stream: Numbered): Key =>
  ctx.key("chunk", stream.number);
/** Where the chunks of one span begin that have their first event at this time or later. */
export const chunksFrom = (prefix: Key, span: number, firstMs: number): Key =>
  prefix + integer(span) + integer(Math.max(0, firstMs));

export const metricFilterKey = (ctx: AnyContext, group: Numbered, name: string): Key =>
  ctx.key("metric-filter", group.number, name);
export const metricFiltersPrefix = (ctx: AnyContext, group?: Numbered): Key =>
  group === undefined ? ctx.key("metric-filter") : ctx.key("metric-filter", group.number);

export const metricMinuteKey = (ctx: AnyContext, group: Numbered, name: string): Key =>
  ctx.key("metric-minute", group.number, name);
export const metricMinutesPrefix = (ctx: AnyContext, group: Numbered): Key =>
  ctx.key("metric-minute", group.number);

export const subscriptionKey = (ctx: AnyContext, group: Numbered, name: string): Key =>
  ctx.key("subscription", group.number, name);
export const subscriptionsPrefix = (ctx: AnyContext, group: Numbered): Key =>
  ctx.key("subscription", group.number);
export const deliveriesPrefix = (ctx: AnyContext, subscriptionId: string): Key =>
  ctx.key("delivery", subscriptionId);
export const deliveryNextKey = (ctx: AnyContext, subscriptionId: string): Key =>
  ctx.key("delivery-next", subscriptionId);

export const destinationKey = (ctx: AnyContext, name: string): Key => ctx.key("destination", name);
export const destinationsPrefix = (ctx: AnyContext): Key => ctx.key("destination");

export const queryKey = (ctx: AnyContext, createdMs: number, id: string): Key =>
  ctx.key("query", Number.MAX_SAFE_INTEGER - createdMs, id);
export const queriesPrefix = (ctx: AnyContext): Key => ctx.key("query");
export const queryIdKey = (ctx: AnyContext, id: string): Key => ctx.key("query-id", id);
export const queryResultKey = (ctx: AnyContext, id: string, page: number): Key =>
  ctx.key("query-result", id, page);
export const queryResultsPrefix = (ctx: AnyContext, id: string): Key => ctx.key("query-result", id);

export const definitionKey = (ctx: AnyContext, id: string): Key => ctx.key("definition", id);
export const definitionsPrefix = (ctx: AnyContext): Key => ctx.key("definition");

export const exportKey = (ctx: AnyContext, createdMs: number, id: string): Key =>
  ctx.key("export", Number.MAX_SAFE_INTEGER - createdMs, id);
export const exportsPrefix = (ctx: AnyContext): Key => ctx.key("export");
