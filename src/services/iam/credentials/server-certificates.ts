import type { Handlers } from "#kernel/service.ts";
import type { NoOutput } from "#models/contract.ts";
import type { IAM, ServerCertificateMetadata } from "#models/iam.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { arnOf } from "../arns.ts";
import { countNamed, quotaExceeded, type AnyContext } from "../entities.ts";
import { uniqueId } from "../ids.ts";
import { namedKey, namedPrefix } from "../keyspace.ts";
import { pageOf } from "../pages.ts";
import { serverCertificateCodec, type ServerCertificateRecord } from "../records.ts";
import { tagList, tagsOf, withoutTags } from "../tag-lists.ts";
import { pageOfTags } from "../tags.ts";
import { isChainOf, parseCertificate, parseChain, parsePrivateKey } from "./certificates.ts";

/** Certificates for servers, with their private keys, which are sealed. Nothing here speaks TLS: they are kept. */

const certificatesPerAccount = 20;
const purpose = "server certificate";

export const serverCertificates = {
  UploadServerCertificate(ctx, input) {
    const name = input.ServerCertificateName;
    const expiresAtMs = checkedExpiration(ctx, input);
    const tags = tagsOf(ctx, input.Tags);
    const id = uniqueId(ctx.random, "ASCA");
    const sealedKey = ctx.vault.seal(purpose, Buffer.from(input.PrivateKey), id);
    return ctx.transact((tx) => {
      checkIsNew(tx, ctx, name);
      if (countNamed(tx, ctx, "server-certificate") >= certificatesPerAccount) {
        throw quotaExceeded(ctx, "ServerCertificatesPerAccount", certificatesPerAccount);
      }
      const record: ServerCertificateRecord = {
        name,
        path: input.Path ?? "/",
        id,
        createdAtMs: ctx.now(),
        tags,
        body: input.CertificateBody,
        chain: input.CertificateChain,
        sealedKey: sealedKey.toString("base64"),
        expiresAtMs,
      };
      put(tx, ctx, record);
      return { ServerCertificateMetadata: described(ctx, record), Tags: tagList(tags) };
    });
  },

  GetServerCertificate(ctx, input) {
    return ctx.read((snapshot) => {
      const record = open(snapshot, ctx, input.ServerCertificateName);
      return {
        ServerCertificate: {
          ServerCertificateMetadata: described(ctx, record),
          CertificateBody: record.body,
          CertificateChain: record.chain,
          Tags: tagList(record.tags),
        },
      };
    });
  },

  ListServerCertificates(ctx, input) {
    return ctx.read((snapshot) => {
      const path = input.PathPrefix ?? "/";
      const prefix = namedPrefix(ctx.account, "server-certificate");
      const { items, page } = pageOf(snapshot, ctx, prefix, input, (value) => {
        const record = serverCertificateCodec.decode(value);
        return record.path.startsWith(path) ? described(ctx, record) : undefined;
      });
      return { ...page, ServerCertificateMetadataList: items };
    });
  },

  async UpdateServerCertificate(ctx, input) {
    await ctx.transact((tx) => {
      const record = open(tx, ctx, input.ServerCertificateName);
      const name = input.NewServerCertificateName ?? record.name;
      if (name.toLowerCase() !== record.name.toLowerCase()) checkIsNew(tx, ctx, name);
      tx.delete(namedKey(ctx.account, "server-certificate", record.name));
      put(tx, ctx, { ...record, name, path: input.NewPath ?? record.path });
    });
    return {};
  },

  async DeleteServerCertificate(ctx, input) {
    await ctx.transact((tx) => {
      const { name } = open(tx, ctx, input.ServerCertificateName);
      tx.delete(namedKey(ctx.account, "server-certificate", name));
    });
    return {};
  },

  TagServerCertificate: (ctx, input) =>
    changeTags(ctx, input.ServerCertificateName, (before) => tagsOf(ctx, input.Tags, before)),
  UntagServerCertificate: (ctx, input) =>
    changeTags(ctx, input.ServerCertificateName, (before) => withoutTags(before, input.TagKeys)),
  ListServerCertificateTags(ctx, input) {
    return ctx.read((snapshot) =>
      pageOfTags(ctx, open(snapshot, ctx, input.ServerCertificateName).tags, input),
    );
  },
} satisfies Handlers<IAM>;

interface Uploaded {
  readonly CertificateBody: string;
  readonly PrivateKey: string;
  readonly CertificateChain?: string | undefined;
}

/** When the certificate expires, in milliseconds since 1970. Throws what is wrong with what came with it. */
function checkedExpiration(
  ctx: AnyContext,
  { CertificateBody: body, PrivateKey: keyText, CertificateChain: chainText }: Uploaded,
): number {
  const certificate = parseCertificate(body);
  if (certificate === undefined) {
    throw ctx.error(
      "MalformedCertificate",
      "Unable to parse certificate. Please ensure the certificate is in PEM format.",
    );
  }
  const key = parsePrivateKey(keyText);
  if (key === undefined) {
    throw ctx.error(
      "MalformedCertificate",
      "Unable to parse private key. Please ensure the key is in PEM format and not encrypted.",
    );
  }
  if (!certificate.checkPrivateKey(key)) {
    throw ctx.error("KeyPairMismatch", "The public key and the private key do not match.");
  }
  const chain = chainText === undefined ? [] : parseChain(chainText);
  if (chain === undefined || !isChainOf(certificate, chain)) {
    throw ctx.error(
      "MalformedCertificate",
      "Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, followed by any intermediaries in order.",
    );
  }
  return Date.parse(certificate.validTo);
}

function find(snapshot: Snapshot, { account }: AnyContext, name: string) {
  return snapshot.record(namedKey(account, "server-certificate", name), serverCertificateCodec);
}

function open(snapshot: Snapshot, ctx: AnyContext, name: string): ServerCertificateRecord {
  const found = find(snapshot, ctx, name);
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `The Server Certificate with name ${name} cannot be found.`);
}

function checkIsNew(snapshot: Snapshot, ctx: AnyContext, name: string): void {
  if (find(snapshot, ctx, name) === undefined) return;
  throw ctx.error(
    "EntityAlreadyExists",
    `The Server Certificate with name ${name} already exists.`,
  );
}

function put(tx: Transaction, { account }: AnyContext, record: ServerCertificateRecord): void {
  tx.putRecord(
    namedKey(account, "server-certificate", record.name),
    serverCertificateCodec,
    record,
  );
}

async function changeTags(
  ctx: AnyContext,
  name: string,
  change: (before: ServerCertificateRecord["tags"]) => ServerCertificateRecord["tags"],
): Promise<NoOutput> {
  await ctx.transact((tx) => {
    const record = open(tx, ctx, name);
    put(tx, ctx, { ...record, tags: change(record.tags) });
  });
  return {};
}

function described(
  { account }: AnyContext,
  record: ServerCertificateRecord,
): ServerCertificateMetadata {
  return {
    Path: record.path,
    ServerCertificateName: record.name,
    ServerCertificateId: record.id,
    Arn: arnOf(account, "server-certificate", record),
    UploadDate: record.createdAtMs,
    Expiration: record.expiresAtMs,
  };
}
