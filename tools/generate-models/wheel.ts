/** Reads API models out of the pinned botocore wheel (a zip file), downloading it first if it is not at hand. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, inflateRawSync } from "node:zlib";

export interface Source {
  package: string;
  version: string;
  wheelSha256: string;
}

export class Wheel {
  readonly #bytes: Buffer;
  readonly #entries = new Map<string, { method: number; size: number; headerAt: number }>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
    if (end < 0) throw new Error("the wheel is not a zip file");
    let at = bytes.readUInt32LE(end + 16);
    for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
      const nameLength = bytes.readUInt16LE(at + 28);
      this.#entries.set(bytes.toString("utf8", at + 46, at + 46 + nameLength), {
        method: bytes.readUInt16LE(at + 10),
        size: bytes.readUInt32LE(at + 20),
        headerAt: bytes.readUInt32LE(at + 42),
      });
      at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    }
  }

  /** The newest API version of a service, as botocore has it. */
  readModel(service: string): unknown {
    const prefix = `botocore/data/${service}/`;
    const names = [...this.#entries.keys()].filter(
      (name) => name.startsWith(prefix) && /\/service-2\.json(\.gz)?$/.test(name),
    );
    const newest = names.sort().at(-1);
    if (newest === undefined) throw new Error(`the wheel has no service ${service}`);
    const bytes = this.#read(newest);
    return JSON.parse((newest.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
  }

  #read(name: string): Buffer {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`the wheel has no file ${name}`);
    const { headerAt, size, method } = entry;
    const start =
      headerAt +
      30 +
      this.#bytes.readUInt16LE(headerAt + 26) +
      this.#bytes.readUInt16LE(headerAt + 28);
    const bytes = this.#bytes.subarray(start, start + size);
    return method === 0 ? bytes : inflateRawSync(bytes);
  }
}

/** The wheel if it lies in `folder` already; otherwise undefined, without touching the network. */
export function findWheel(source: Source, folder: string): Wheel | undefined {
  const path = pathOf(source, folder);
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== source.wheelSha256) {
    throw new Error(
      `${path} has SHA-256 ${sha256}, expected ${source.wheelSha256}: delete it and try again`,
    );
  }
  return new Wheel(bytes);
}

export function fetchWheel(source: Source, folder: string): Wheel {
  const found = findWheel(source, folder);
  if (found) return found;
  mkdirSync(folder, { recursive: true });
  const wanted = `${source.package}==${source.version}`;
  execFileSync(
    "pip",
    ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder, wanted],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const fetched = findWheel(source, folder);
  if (!fetched) throw new Error(`pip did not leave ${pathOf(source, folder)}`);
  return fetched;
}

const pathOf = (source: Source, folder: string): string =>
  join(folder, `${source.package}-${source.version}-py3-none-any.whl`);
