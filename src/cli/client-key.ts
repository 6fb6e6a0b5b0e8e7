import type { Files } from "#world/world.ts";
import type { RootKey } from "../main.ts";
import type { Configuration } from "./configuration.ts";
import { readRootKey } from "./root-key.ts";

/**
 * The access key that clients on this machine use; undefined if the server has not made it yet. With
 * --auth open any will do: one that names the account says where its requests belong.
 */
export async function clientKey(
  configuration: Configuration,
  files: Files,
): Promise<RootKey | undefined> {
  const { rootAccessKeyId: accessKeyId, rootSecretAccessKey: secretAccessKey } = configuration;
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { accessKeyId, secretAccessKey };
  if (configuration.auth === "open")
    return { accessKeyId: configuration.account, secretAccessKey: "tule" };
  return configuration.memory ? undefined : readRootKey(files, configuration.data);
}
