/** Tokens of pages: where the next one begins, as JSON that nobody needs to read. */
export function encodedToken(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** What a token says: undefined without one, and null for one that nobody gave out. */
export function decodedToken(token: string | undefined): unknown {
  if (token === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString()) as unknown;
  } catch {
    return null;
  }
}
