import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import { text, textPrefix } from "#base/tuple.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import { invalidArgument } from "./errors.ts";

const largestPage = 1000;

export interface PageRequest {
  readonly prefix: string;
  /** Empty for none. */
  readonly delimiter: string;
  /** The last key or common prefix that was shown before; empty for none. */
  readonly after: string;
  readonly maxKeys: number | undefined;
}

export interface KeyPage<T> {
  readonly contents: readonly T[];
  readonly commonPrefixes: readonly string[];
  readonly maxKeys: number;
  readonly isTruncated: boolean;
  /** The last key or common prefix on the page. */
  readonly last: string | undefined;
}

/**
 * One page of keys in the order of their UTF-8 bytes, those with the delimiter behind the prefix rolled up. Costs what
 * it shows: behind a common prefix it goes on where the prefix ends, however many keys have it.
 */
export function pageOfKeys<T extends { readonly key: string }>(
  snapshot: Snapshot,
  place: Key,
  codec: Codec<T>,
  request: PageRequest,
): KeyPage<T> {
  const { prefix, delimiter } = request;
  const maxKeys = maxKeysOf(request.maxKeys);
  const contents: T[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  let start = startBehind(place, request);
  const end = endOfPrefix(place + textPrefix(prefix));
  const page = (isTruncated: boolean): KeyPage<T> => ({
    contents,
    commonPrefixes,
    maxKeys,
    isTruncated,
    last,
  });
  if (maxKeys === 0) return page(false);
  for (;;) {
    let jump: Key | undefined;
    const left = maxKeys - contents.length - commonPrefixes.length;
    for (const { value } of snapshot.range({ start, end, limit: left + 1 })) {
      const found = codec.decode(value);
      if (contents.length + commonPrefixes.length === maxKeys) return page(true);
      const common = commonPrefixOf(found.key, prefix, delimiter);
      if (common === undefined) {
        contents.push(found);
        last = found.key;
        continue;
      }
      commonPrefixes.push(common);
      last = common;
      jump = endOfPrefix(place + textPrefix(common));
      break;
    }
    if (jump === undefined) return page(false);
    start = jump;
  }
}

function startBehind(place: Key, { prefix, delimiter, after }: PageRequest): Key {
  const first = place + textPrefix(prefix);
  if (after === "") return first;
  // A common prefix that was begun has been shown.
  const common = commonPrefixOf(after, prefix, delimiter);
  const behind =
    common === undefined ? keyAfter(place + text(after)) : endOfPrefix(place + textPrefix(common));
  return behind > first ? behind : first;
}

/** What a key is rolled up to; undefined for one that is shown itself. */
export function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "" || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

export function maxKeysOf(given: number | undefined, name = "maxKeys"): number {
  if (given === undefined) return largestPage;
  if (given < 0 || given > 2_147_483_647) {
    throw invalidArgument(
      "Argument maxKeys must be an integer between 0 and 2147483647",
      name,
      String(given),
    );
  }
  return Math.min(given, largestPage);
}

/** How keys are written in lists: as they are, or percent-encoded with "/" and "*" left alone. */
export function keyEncoding(type: string | undefined): (key: string) => string {
  if (type === undefined) return (key) => key;
  if (type !== "url") {
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", type);
  }
  return (key) =>
    encodeURIComponent(key.toWellFormed())
      .replaceAll("%2F", "/")
      .replaceAll("%20", "+")
      .replaceAll(/[!'()~]/g, percent);
}

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
