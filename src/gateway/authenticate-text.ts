import { openPrincipal, type Credentials, type FoundCredential } from "#kernel/credentials.ts";
import type { Principal } from "#kernel/identity.ts";
import type { SignedText } from "#kernel/listeners.ts";
import { verifyText } from "#wire/sigv4-text.ts";

export interface TextOptions {
  readonly authentication: "open" | "strict";
  readonly defaultAccount: string;
  readonly nowMs: () => number;
}

/** The rules of `authenticate`, for signatures that arrive over other protocols than HTTP. */
export function textAuthenticator(
  options: TextOptions,
): (
  signed: SignedText,
  credentials: Credentials,
) => Principal | undefined | Promise<Principal | undefined> {
  const decide = (signed: SignedText, credential: FoundCredential): Principal | undefined => {
    // Switched off, over, or without the token that belongs to it.
    if (typeof credential === "string") return undefined;
    if (credential !== undefined) {
      const isGood = verifyText(signed, credential.secretAccessKey, options.nowMs());
      return isGood ? credential.principal : undefined;
    }
    if (options.authentication === "strict") return undefined;
    return openPrincipal(signed.accessKeyId, options.defaultAccount);
  };
  return (signed, credentials) => {
    const found = credentials.find(signed.accessKeyId, signed.sessionToken);
    return found instanceof Promise
      ? found.then((known) => decide(signed, known))
      : decide(signed, found);
  };
}
