import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Filter, SecretListEntry, SecretsManager } from "#models/secretsmanager.ts";
import type { Snapshot } from "#store/store.ts";
import { secretsPrefix } from "./keyspace.ts";
import { secretCodec, type SecretRecord } from "./secret-record.ts";
import { describeSecret } from "./secrets.ts";

interface ListRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
  readonly SortOrder?: "asc" | "desc" | undefined;
  readonly SortBy?:
    | "created-date"
    | "last-accessed-date"
    | "last-changed-date"
    | "name"
    | undefined;
}

export const listSecrets = {
  ListSecrets(ctx, input) {
    return ctx.read((snapshot) => {
      const isWanted = (secret: SecretRecord): boolean =>
        (input.IncludePlannedDeletion === true || secret.deletionAtMs === undefined) &&
        matching(secret, input.Filters ?? []);
      const { items, next } = pageOfSecrets(snapshot, ctx, input, isWanted);
      return { SecretList: items.map(entryOf), NextToken: next };
    });
  },
} satisfies Handlers<SecretsManager>;

function entryOf(secret: SecretRecord): SecretListEntry {
  const { VersionIdsToStages, ...rest } = {
    ...describeSecret(secret),
    ReplicationStatus: undefined,
  };
  return { ...rest, SecretVersionsToStages: VersionIdsToStages };
}

/** A page in the order that was asked for: by default the newest first. The token counts. */
export function pageOfSecrets(
  snapshot: Snapshot,
  ctx: Context<"InvalidNextTokenException">,
  { MaxResults = 100, NextToken, SortOrder, SortBy = "created-date" }: ListRequest,
  isWanted: (secret: SecretRecord) => boolean,
): { readonly items: SecretRecord[]; readonly next: string | undefined } {
  const from = NextToken === undefined ? 0 : Number(NextToken);
  if (!Number.isSafeInteger(from) || from < 0) {
    throw ctx.error("InvalidNextTokenException", "The NextToken value is invalid.");
  }
  const start = secretsPrefix(ctx);
  const found = [...snapshot.range({ start, end: endOfPrefix(start) })]
    .map(({ value }) => secretCodec.decode(value))
    .filter(isWanted)
    .toSorted((one, other) => compare(placeOf(one, SortBy), placeOf(other, SortBy)));
  if ((SortOrder ?? "desc") === "desc") found.reverse();
  const end = from + MaxResults;
  return { items: found.slice(from, end), next: end < found.length ? String(end) : undefined };
}

function placeOf(secret: SecretRecord, by: NonNullable<ListRequest["SortBy"]>): string | number {
  if (by === "name") return secret.name;
  if (by === "last-changed-date") return secret.changedAtMs;
  return by === "created-date" ? secret.createdAtMs : (secret.accessedAtMs ?? 0);
}

function compare(one: string | number, other: string | number): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Whether a secret passes all filters. Source: User Guide, manage_search-secret; API reference, Filter. */
export function matching(secret: SecretRecord, filters: readonly Filter[]): boolean {
  return filters.every(({ Key = "all", Values = [] }) =>
    Values.some((value) => {
      const isNegated = value.startsWith("!");
      return isFound(secret, Key, isNegated ? value.slice(1) : value) !== isNegated;
    }),
  );
}

function isFound(secret: SecretRecord, key: NonNullable<Filter["Key"]>, value: string): boolean {
  const { name, description = "", tags = [], primaryRegion = "" } = secret;
  switch (key) {
    case "name":
      return name.startsWith(value);
    case "description":
      return beginsWithWords(description, value);
    case "tag-key":
      return tags.some(({ Key = "" }) => Key.startsWith(value));
    case "tag-value":
      return tags.some(({ Value = "" }) => Value.startsWith(value));
    case "primary-region":
      return primaryRegion.startsWith(value);
    case "owning-service":
      return false;
    case "all": {
      const texts = [name, description, primaryRegion];
      for (const { Key = "", Value = "" } of tags) texts.push(Key, Value);
      return texts.some((text) => beginsWithWords(text, value));
    }
  }
}

/** Some word of the text begins with each word of the value, whatever their case. */
function beginsWithWords(text: string, value: string): boolean {
  const words = text.toLowerCase().split(/[\s/_+=.@-]+/);
  const wanted = value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return wanted.every(
    (one) => text.toLowerCase().startsWith(one) || words.some((word) => word.startsWith(one)),
  );
}
