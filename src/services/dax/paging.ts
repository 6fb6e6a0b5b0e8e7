import { ServiceError } from "#kernel/errors.ts";

const largestPage = 100;
const smallestPage = 20;

/**
 * A page of a list, with the token for the next one. `after` is the name that the page begins behind.
 * Throws InvalidParameterValueException for a size or a token that are none.
 */
export function pageSize(maxResults: number | undefined): number {
  const size = maxResults ?? largestPage;
  if (size < smallestPage || size > largestPage) {
    throw invalid(`MaxResults must be between ${smallestPage} and ${largestPage}.`);
  }
  return size;
}

export function nameInToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const name = Buffer.from(token, "base64url").toString("utf8");
  if (name === "" || tokenOf(name) !== token) {
    throw invalid("Invalid NextToken.");
  }
  return name;
}

// Of all lists, though DescribeSubnetGroups alone does not declare it.
const invalid = (message: string): ServiceError =>
  new ServiceError("InvalidParameterValueException", message);

export function tokenOf(name: string): string {
  return Buffer.from(name, "utf8").toString("base64url");
}

/** Cuts a list that has one element more than the page if there is another page. */
export function paged<T>(
  found: readonly T[],
  size: number,
  nameOf: (element: T) => string,
): { readonly page: readonly T[]; readonly NextToken: string | undefined } {
  const page = found.slice(0, size);
  const last = page.at(-1);
  const NextToken = found.length > size && last !== undefined ? tokenOf(nameOf(last)) : undefined;
  return { page, NextToken };
}
