import { rootOf, type Principal } from "./identity.ts";

/** An access key whose secret is known here, so that its signatures can be verified. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly principal: Principal;
}

/** Why nobody may use a key that this server made: it was switched off or deleted, its session is over or not proven. */
export type CredentialFault = "inactive" | "expired" | "wrong token";

/** Undefined: no key of this server's. */
export type FoundCredential = Credential | CredentialFault | undefined;

/** Where the keys come from that IAM and STS make. Answers at once what it knows already. */
export interface CredentialSource {
  find(
    accessKeyId: string,
    sessionToken: string | undefined,
  ): FoundCredential | Promise<FoundCredential>;
}

/** The access keys that are known: those that the server was started with, and those of a source. */
export class Credentials {
  readonly #fixed: ReadonlyMap<string, Credential>;
  readonly #source: CredentialSource | undefined;

  constructor(fixed: readonly Credential[], source?: CredentialSource) {
    this.#fixed = new Map(fixed.map((credential) => [credential.accessKeyId, credential]));
    this.#source = source;
  }

  find(
    accessKeyId: string,
    sessionToken: string | undefined,
  ): FoundCredential | Promise<FoundCredential> {
    return this.#fixed.get(accessKeyId) ?? this.#source?.find(accessKeyId, sessionToken);
  }
}

const accountAsKey = /^\d{12}$/;

/**
 * Whom an access key that is unknown here stands for with `--auth open`: the root of the account that it names, if
 * it is an account id, and otherwise of the default account. LocalStack's rule, so that its users' set-ups work.
 */
export function openPrincipal(accessKeyId: string | undefined, defaultAccount: string): Principal {
  const named = accessKeyId !== undefined && accountAsKey.test(accessKeyId);
  return rootOf(named ? accessKeyId : defaultAccount);
}
