/** RFC 3986 as SigV4 wants it: only unreserved characters stay, hexadecimal digits are upper case. */

const needsEncoding = /[^A-Za-z0-9\-_.~]/;
const canonicalAlready = /^[A-Za-z0-9\-_.~]*=[A-Za-z0-9\-_.~]*$/;

export function encodePercent(text: string): string {
  if (!needsEncoding.test(text)) return text;
  return encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Decodes what can be decoded; a "%" that introduces nothing stands for itself. */
export function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * "double" (false): every service but S3 resolves dot and empty segments and encodes once more.
 * "as sent" (true): S3. "normal": S3's, decoded and encoded again.
 */
export function canonicalPath(path: string, asSent: boolean | "normal"): string {
  if (path === "/" || path === "") return "/";
  if (asSent === true) return path;
  if (asSent === "normal")
    return path
      .split("/")
      .map((segment) => encodePercent(decodePercent(segment)))
      .join("/");
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(encodePercent(segment));
  }
  if (segments.length === 0) return "/";
  return `/${segments.join("/")}${path.endsWith("/") ? "/" : ""}`;
}

/** Sorted by name, then value, both encoded anew; without X-Amz-Signature. A sent "+" becomes what is given. */
export function canonicalQuery(query: string, plus: "%20" | "%2B"): string {
  if (query === "") return "";
  if (canonicalAlready.test(query)) return query;
  const pairs: [name: string, value: string][] = [];
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = again(equals < 0 ? pair : pair.slice(0, equals), plus);
    if (name === "X-Amz-Signature") continue;
    pairs.push([name, equals < 0 ? "" : again(pair.slice(equals + 1), plus)]);
  }
  pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

function again(text: string, plus: "%20" | "%2B"): string {
  if (!needsEncoding.test(text)) return text;
  return encodePercent(decodePercent(text.includes("+") ? text.replaceAll("+", plus) : text));
}
