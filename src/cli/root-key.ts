import { join } from "node:path";
import type { Files, World } from "#world/world.ts";
import type { RootKey } from "../main.ts";
import { UsageError } from "./settings.ts";

const fileName = "root-key.json";

/** The root access key that the data folder holds; undefined if it was never made. */
export async function readRootKey(files: Files, dataFolder: string): Promise<RootKey | undefined> {
  const path = join(dataFolder, fileName);
  const bytes = await files.read(path);
  if (bytes === undefined) return undefined;
  const key: unknown = JSON.parse(bytes.toString());
  if (!isRootKey(key))
    throw new UsageError(`${path} holds no access key; remove it to have one made`);
  return key;
}

/** Makes an access key, and keeps it where only this user can read it. */
export async function makeRootKey(world: World, dataFolder: string | undefined): Promise<RootKey> {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const picked = [...world.random.bytes(16)].map((byte) => letters[byte % letters.length]);
  const key: RootKey = {
    accessKeyId: `AKIA${picked.join("")}`,
    secretAccessKey: world.random.bytes(30).toString("base64"),
  };
  if (dataFolder !== undefined) {
    await world.files.makeFolder(dataFolder);
    await world.files.replace(join(dataFolder, fileName), Buffer.from(`${JSON.stringify(key)}\n`));
  }
  return key;
}

function isRootKey(value: unknown): value is RootKey {
  return (
    typeof value === "object" &&
    value !== null &&
    "accessKeyId" in value &&
    typeof value.accessKeyId === "string" &&
    "secretAccessKey" in value &&
    typeof value.secretAccessKey === "string"
  );
}
