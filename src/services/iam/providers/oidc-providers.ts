import { endOfPrefix } from "#base/key.ts";
import { isOnLoopback } from "#kernel/issuer-keys.ts";
import type { Handlers } from "#kernel/service.ts";
import type { NoOutput } from "#models/contract.ts";
import type { IAM } from "#models/iam.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { quotaExceeded, type AnyContext } from "../entities.ts";
import { oidcProviderKey, oidcProvidersPrefix } from "../keyspace.ts";
import { oidcProviderCodec, type OidcProviderRecord } from "../records.ts";
import { tagList, tagsOf, withoutTags } from "../tag-lists.ts";
import { pageOfTags } from "../tags.ts";

/*
 * OpenID Connect providers: whose tokens an account believes. A provider is named by its issuer's URL without the scheme.
 * AWS knows https alone, without ports; here an issuer on this machine may be reached by http and at any port.
 */

const providersPerAccount = 100;
const clientIdsPerProvider = 100;
const thumbprintsPerProvider = 5;

export const oidcProviders = {
  async CreateOpenIDConnectProvider(ctx, input) {
    const name = checkedName(ctx, input.Url);
    const clientIds = [...new Set(input.ClientIDList)];
    const thumbprints = input.ThumbprintList ?? [];
    checkLengths(ctx, clientIds, thumbprints);
    const tags = tagsOf(ctx, input.Tags);
    await ctx.transact((tx) => {
      if (findOidcProvider(tx, ctx.account, name) !== undefined) {
        throw ctx.error("EntityAlreadyExists", `Provider with url ${input.Url} already exists.`);
      }
      if (allProviders(tx, ctx).length >= providersPerAccount) {
        throw quotaExceeded(ctx, "OpenIdConnectProvidersPerAccount", providersPerAccount);
      }
      put(tx, ctx, { name, clientIds, thumbprints, tags, createdAtMs: ctx.now() });
    });
    return { OpenIDConnectProviderArn: oidcArn(ctx.account, name), Tags: tagList(tags) };
  },

  GetOpenIDConnectProvider(ctx, input) {
    return ctx.read((snapshot) => {
      const provider = open(snapshot, ctx, input.OpenIDConnectProviderArn);
      return {
        Url: provider.name,
        ClientIDList: [...provider.clientIds],
        ThumbprintList: [...provider.thumbprints],
        CreateDate: provider.createdAtMs,
        Tags: tagList(provider.tags),
      };
    });
  },

  ListOpenIDConnectProviders(ctx) {
    return ctx.read((snapshot) => ({
      OpenIDConnectProviderList: allProviders(snapshot, ctx).map(({ name }) => ({
        Arn: oidcArn(ctx.account, name),
      })),
    }));
  },

  /** Deleting what is not there is no failure. Source: IAM API Reference: "The call is idempotent". */
  async DeleteOpenIDConnectProvider(ctx, input) {
    await ctx.transact((tx) => {
      const name = nameIn(ctx, input.OpenIDConnectProviderArn);
      tx.delete(oidcProviderKey(ctx.account, name));
    });
    return {};
  },

  /** Adding what is there already is no failure. */
  AddClientIDToOpenIDConnectProvider: (ctx, input) =>
    change(ctx, input.OpenIDConnectProviderArn, (provider) => {
      const clientIds = [...new Set([...provider.clientIds, input.ClientID])];
      checkLengths(ctx, clientIds, []);
      return { ...provider, clientIds };
    }),

  RemoveClientIDFromOpenIDConnectProvider: (ctx, input) =>
    change(ctx, input.OpenIDConnectProviderArn, (provider) => ({
      ...provider,
      clientIds: provider.clientIds.filter((id) => id !== input.ClientID),
    })),

  UpdateOpenIDConnectProviderThumbprint: (ctx, input) =>
    change(ctx, input.OpenIDConnectProviderArn, (provider) => {
      checkLengths(ctx, [], input.ThumbprintList);
      return { ...provider, thumbprints: input.ThumbprintList };
    }),

  TagOpenIDConnectProvider: (ctx, input) =>
    change(ctx, input.OpenIDConnectProviderArn, (provider) => ({
      ...provider,
      tags: tagsOf(ctx, input.Tags, provider.tags),
    })),

  UntagOpenIDConnectProvider: (ctx, input) =>
    change(ctx, input.OpenIDConnectProviderArn, (provider) => ({
      ...provider,
      tags: withoutTags(provider.tags, input.TagKeys),
    })),

  ListOpenIDConnectProviderTags(ctx, input) {
    return ctx.read((snapshot) =>
      pageOfTags(ctx, open(snapshot, ctx, input.OpenIDConnectProviderArn).tags, input),
    );
  },
} satisfies Handlers<IAM>;

export function oidcArn(account: string, name: string): string {
  return `arn:aws:iam::${account}:oidc-provider/${name}`;
}

/** "https://accounts.google.com" → "accounts.google.com" */
export function oidcNameOf(url: string): string {
  return url.replace(/^https?:\/\//, "");
}

export function findOidcProvider(
  snapshot: Snapshot,
  account: string,
  name: string,
): OidcProviderRecord | undefined {
  return snapshot.record(oidcProviderKey(account, name), oidcProviderCodec);
}

export function countOidcProviders(snapshot: Snapshot, ctx: AnyContext): number {
  return allProviders(snapshot, ctx).length;
}

function allProviders(snapshot: Snapshot, { account }: AnyContext): OidcProviderRecord[] {
  const start = oidcProvidersPrefix(account);
  return [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ value }) =>
    oidcProviderCodec.decode(value),
  );
}

function checkedName(ctx: AnyContext, url: string): string {
  const isGood = URL.canParse(url) && (url.startsWith("https://") || isOnLoopback(url));
  if (!isGood || /[?#]/.test(url)) {
    throw ctx.error("ValidationError", "Invalid Open ID Connect Provider URL");
  }
  return oidcNameOf(url);
}

function checkLengths(
  ctx: AnyContext,
  clientIds: readonly string[],
  thumbprints: readonly string[],
): void {
  if (clientIds.length > clientIdsPerProvider) {
    throw quotaExceeded(ctx, "ClientIdsPerOpenIdConnectProvider", clientIdsPerProvider);
  }
  if (thumbprints.length > thumbprintsPerProvider) {
    throw ctx.error(
      "InvalidInput",
      `Thumbprint list must contain fewer than ${thumbprintsPerProvider + 1} entries.`,
    );
  }
}

function nameIn(ctx: AnyContext, arn: string): string {
  const start = oidcArn(ctx.account, "");
  if (arn.startsWith(start) && arn.length > start.length) return arn.slice(start.length);
  throw ctx.error("InvalidInput", `Invalid ARN: ${arn}`);
}

function open(snapshot: Snapshot, ctx: AnyContext, arn: string): OidcProviderRecord {
  const found = findOidcProvider(snapshot, ctx.account, nameIn(ctx, arn));
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `OpenIDConnect Provider not found for arn ${arn}`);
}

function put(tx: Transaction, { account }: AnyContext, provider: OidcProviderRecord): void {
  tx.putRecord(oidcProviderKey(account, provider.name), oidcProviderCodec, provider);
}

async function change(
  ctx: AnyContext,
  arn: string,
  changed: (provider: OidcProviderRecord) => OidcProviderRecord,
): Promise<NoOutput> {
  await ctx.transact((tx) => put(tx, ctx, changed(open(tx, ctx, arn))));
  return {};
}
