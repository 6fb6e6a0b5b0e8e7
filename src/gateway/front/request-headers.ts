/** A record without a prototype that keeps the shape (and speed) of ordinary objects. */
interface HeaderRecordConstructor {
  new (): Record<string, string>;
}
const HeaderRecord = function HeaderRecord() {} as unknown as HeaderRecordConstructor;
HeaderRecord.prototype = Object.create(null);

// Clients send the same few dozen spellings again and again: a look-up is cheaper than lower-casing, and gives strings
// that are ready to be property keys. Bounded, because spellings are the client's choice.
const lowerCased = new Map<string, string>();

function lowerCase(name: string): string {
  const known = lowerCased.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (lowerCased.size < 1024 && name.length <= 64) lowerCased.set(name, lower);
  return lower;
}

/**
 * Names and values in turn, as they came, become the record of the contract; or the status with which such headers
 * are refused: what must not come twice (Host, Content-Length, Transfer-Encoding) came twice.
 */
export function headerRecord(raw: readonly string[]): Record<string, string> | 400 {
  const headers = new HeaderRecord();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = lowerCase(raw[i] as string);
    const value = raw[i + 1] as string;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (name === "host" || name === "content-length" || name === "transfer-encoding")
      return 400;
    else headers[name] = name === "cookie" ? `${before}; ${value}` : `${before},${value}`;
  }
  return headers;
}

/** An HTTP/2 header block for the record: pseudo-headers are left out, :authority becomes host. */
export function headerRecordOfHttp2(raw: readonly string[]): Record<string, string> | 400 {
  const fields: string[] = [];
  let authority: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name === ":authority") authority = raw[i + 1];
    else if (!name.startsWith(":")) fields.push(name, raw[i + 1] as string);
  }
  const headers = headerRecord(fields);
  if (headers !== 400 && authority !== undefined) headers["host"] = authority;
  return headers;
}

/** The path and query of a request target; `host` when the target is absolute (it then wins over the Host header). */
export interface Target {
  readonly path: string;
  readonly query: string;
  readonly host: string | undefined;
}

const absolute = /^https?:\/\/([^/?#@\s]+)([/?].*)?$/i;

/** Undefined for a target that no server answers: an authority, a fragment, or no path at all. */
export function parseTarget(url: string, method: string): Target | undefined {
  let target = url;
  let host: string | undefined;
  if (target.charCodeAt(0) !== 47) {
    if (target === "*") return method === "OPTIONS" ? { path: "*", query: "", host } : undefined;
    const parts = absolute.exec(target);
    if (parts === null) return undefined;
    host = parts[1];
    target = parts[2] ?? "/";
    if (target.startsWith("?")) target = `/${target}`;
  }
  if (target.includes("#")) return undefined;
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: "", host };
  return { path: target.slice(0, mark), query: target.slice(mark + 1), host };
}
