import { rootOf, type Principal } from "./identity.ts";

/** An access key whose secret is known here, so that its signatures can be verified. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly principal: Principal;
}

/**
 * The access keys that are known. Now: the root key of the default account. Keys that IAM and STS make will be
 * found through here as well.
 */
export class Credentials {
  readonly #byAccessKeyId = new Map<string, Credential>();

  add(credential: Credential): void {
    this.#byAccessKeyId.set(credential.accessKeyId, credential);
  }

  find(accessKeyId: string): Credential | undefined {
    return this.#byAccessKeyId.get(accessKeyId);
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
