import { PolicyCache, type CompiledPolicy } from "#kernel/authorization/compile-policy.ts";
import type { PolicySource, PrincipalPolicies } from "#kernel/authorization/authorize.ts";
import type { Credential, CredentialSource, FoundCredential } from "#kernel/credentials.ts";
import type { Principal } from "#kernel/identity.ts";
import type { Vault } from "#kernel/vault.ts";
import type { Snapshot, Store } from "#store/store.ts";
import { arnOf, parseArn } from "./arns.ts";
import { findEntity } from "./entities.ts";
import { accountOfAccessKey } from "./ids.ts";
import { accessKeyKey, everything } from "./keyspace.ts";
import { documentOf } from "./managed-policies.ts";
import { accessKeyCodec, type BoundedEntity, type Entity } from "./records.ts";
import { openSecret } from "./credentials/access-keys.ts";
import { openSession } from "./sessions/session-token.ts";

export interface DirectoryOptions {
  readonly store: Store;
  readonly vault: Vault;
  /** Milliseconds since 1970 on the clock that users can move. */
  readonly nowMs: () => number;
}

/*
 * Who may do what, as the gateway and the policy engine ask for each request.
 *
 * D1. What was found is kept until anything of IAM's changes, in any account: that is rare, and then all is forgotten.
 * D2. Who asks after a change was acknowledged sees it: the store tells of a commit before its answer is on the wire.
 * D3. What was being read while something changed is not kept.
 */

/** Of each; sessions come and go. */
const keptAtMost = 10_000;

interface KnownSession {
  readonly token: string;
  readonly credential: Credential;
  readonly expiresAtMs: number;
}

export class Directory implements CredentialSource, PolicySource {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #nowMs: () => number;
  readonly #compiled = new PolicyCache();
  readonly #keys = new Map<string, FoundCredential>();
  readonly #sessions = new Map<string, KnownSession>();
  #policies = new WeakMap<Principal, PrincipalPolicies>();
  #changes = 0;

  constructor({ store, vault, nowMs }: DirectoryOptions) {
    this.#store = store;
    this.#vault = vault;
    this.#nowMs = nowMs;
    store.watch(everything, () => {
      this.#changes += 1;
      this.#keys.clear();
      this.#policies = new WeakMap();
    });
  }

  find(
    accessKeyId: string,
    sessionToken: string | undefined,
  ): FoundCredential | Promise<FoundCredential> {
    if (this.#keys.has(accessKeyId)) return this.#keys.get(accessKeyId);
    const account = accountOfAccessKey(accessKeyId);
    if (account === undefined) return undefined;
    if (accessKeyId.startsWith("ASIA")) return this.#session(accessKeyId, sessionToken);
    return this.#readKey(account, accessKeyId);
  }

  policiesOf(principal: Principal): PrincipalPolicies | Promise<PrincipalPolicies> {
    return this.#policies.get(principal) ?? this.#readPolicies(principal);
  }

  /** A key without a token, or with one from elsewhere, is not known here: another server's, or made up. */
  #session(accessKeyId: string, token: string | undefined): FoundCredential {
    const known = this.#sessions.get(accessKeyId);
    if (token === undefined) return known === undefined ? undefined : "wrong token";
    let session = known;
    if (known?.token !== token) {
      const opened = openSession(this.#vault, accessKeyId, token);
      if (opened === undefined) return known === undefined ? undefined : "wrong token";
      const { secretAccessKey, principal, expiresAtMs } = opened;
      session = { token, expiresAtMs, credential: { accessKeyId, secretAccessKey, principal } };
      remember(this.#sessions, accessKeyId, session);
    }
    return session!.expiresAtMs <= this.#nowMs() ? "expired" : session!.credential;
  }

  async #readKey(account: string, accessKeyId: string): Promise<FoundCredential> {
    const before = this.#changes;
    const found = await this.#store.read((snapshot) => {
      const key = snapshot.record(accessKeyKey(account, accessKeyId), accessKeyCodec);
      if (key === undefined) return undefined;
      const user = findEntity(snapshot, account, "user", key.userName);
      if (key.status !== "Active" || user === undefined) return "inactive";
      const secretAccessKey = openSecret(this.#vault, key);
      const principal: Principal = {
        arn: arnOf(account, "user", user),
        account,
        userId: user.id,
        kind: "user",
        accessKeyId,
        tags: user.tags,
      };
      return { accessKeyId, secretAccessKey, principal };
    });
    // What is unknown is not kept: anybody can make up keys.
    if (found !== undefined && before === this.#changes) remember(this.#keys, accessKeyId, found);
    return found;
  }

  async #readPolicies(principal: Principal): Promise<PrincipalPolicies> {
    const before = this.#changes;
    const found = await this.#store.read((snapshot) => this.#policiesIn(snapshot, principal));
    if (before === this.#changes) this.#policies.set(principal, found);
    return found;
  }

  #policiesIn(snapshot: Snapshot, principal: Principal): PrincipalPolicies {
    const { account, session, kind } = principal;
    const own = principal.issuerArn ?? principal.arn;
    if (kind === "federated" && parseArn(own) === undefined) {
      // The root user vouched for it: what it may do, the session's policies say alone.
      return {
        identity: [this.#compile(everythingAllowed, own)],
        session: this.#limits(snapshot, principal),
      };
    }
    const arn = parseArn(own);
    const entityKind = arn?.kind === "role" ? "role" : "user";
    const entity = arn && findEntity(snapshot, account, entityKind, arn.name);
    const isSame = entity !== undefined && isWhoItWas(principal, entity);
    if (!isSame) return { identity: [], session: [] };
    const groups = "groups" in entity ? entity.groups : [];
    const sources: Entity[] = [entity];
    for (const name of groups) {
      const group = findEntity(snapshot, account, "group", name);
      if (group !== undefined) sources.push(group);
    }
    const { boundary } = entity as BoundedEntity;
    const limit = boundary === undefined ? undefined : this.#managed(snapshot, account, boundary);
    return {
      identity: sources.flatMap((source) => this.#policiesOfEntity(snapshot, account, source)),
      // A boundary that is gone allows nothing.
      boundary: boundary === undefined ? undefined : (limit ?? this.#compile(nothingAllowed, own)),
      session: session && this.#limits(snapshot, principal),
    };
  }

  #policiesOfEntity(snapshot: Snapshot, account: string, entity: Entity): CompiledPolicy[] {
    const inline = Object.entries(entity.inline).map(([name, text]) => this.#compile(text, name));
    const managed = entity.attached.map((arn) => this.#managed(snapshot, account, arn));
    return [...inline, ...managed.filter((policy) => policy !== undefined)];
  }

  /** The session's own policies; undefined if it was given none. */
  #limits(snapshot: Snapshot, { account, session }: Principal): CompiledPolicy[] | undefined {
    if (session?.policies === undefined && session?.policyArns === undefined) return undefined;
    const texts = (session.policies ?? []).map((text) => this.#compile(text, "session policy"));
    const managed = (session.policyArns ?? []).map((arn) => this.#managed(snapshot, account, arn));
    return [...texts, ...managed.filter((policy) => policy !== undefined)];
  }

  #managed(snapshot: Snapshot, account: string, arn: string): CompiledPolicy | undefined {
    const text = documentOf(snapshot, account, arn);
    return text === undefined ? undefined : this.#compile(text, arn);
  }

  #compile(text: string, name: string): CompiledPolicy {
    return this.#compiled.get(text, "identity", name);
  }
}

/** A user or role of the same name that was made later is somebody else. */
function isWhoItWas({ userId, kind, issuerArn }: Principal, entity: Entity): boolean {
  if (kind === "federated") return issuerArn !== undefined;
  return userId.split(":")[0] === entity.id;
}

function remember<T>(kept: Map<string, T>, key: string, value: T): void {
  if (kept.size >= keptAtMost) kept.delete(kept.keys().next().value!);
  kept.set(key, value);
}

const statement = (effect: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: effect, Action: "*", Resource: "*" }],
  });
const everythingAllowed = statement("Allow");
const nothingAllowed = statement("Deny");
