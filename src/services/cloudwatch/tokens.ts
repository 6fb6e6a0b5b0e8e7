/** Tokens of pages: where the next one begins, as JSON that nobody needs to read. */
export function encodedToken(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** Undefined without a token, and NaN for one that nobody gave out. */
export function decodedToken<T>(token: string | undefined): T | undefined {
  if (token === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString()) as T;
  } catch {
    return Number.NaN as T;
  }
}
