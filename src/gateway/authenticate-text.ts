import { openPrincipal, type Credentials } from "#kernel/credentials.ts";
import type { Principal } from "#kernel/identity.ts";
import { verifyText, type SignedText } from "#wire/sigv4-text.ts";

export interface TextOptions {
  readonly credentials: Credentials;
  readonly authentication: "open" | "strict";
  readonly defaultAccount: string;
  readonly nowMs: () => number;
}

/** The rules of `authenticate`, for signatures that arrive over other protocols than HTTP. */
export function textAuthenticator(
  options: TextOptions,
): (signed: SignedText) => Principal | undefined {
  return (signed) => {
    const credential = options.credentials.find(signed.accessKeyId);
    if (credential !== undefined) {
      const isGood = verifyText(signed, credential.secretAccessKey, options.nowMs());
      return isGood ? credential.principal : undefined;
    }
    if (options.authentication === "strict") return undefined;
    return openPrincipal(signed.accessKeyId, options.defaultAccount);
  };
}
