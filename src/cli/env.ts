import { join, resolve } from "node:path";
import { authorityFile } from "#kernel/certificates.ts";
import { realWorld } from "#world/real.ts";
import { clientKey } from "./client-key.ts";
import type { Configuration } from "./configuration.ts";
import { endpointOf } from "./endpoint.ts";
import { UsageError } from "./settings.ts";

const shells = {
  sh: (name: string, value: string) => `export ${name}=${quoted(value)}`,
  fish: (name: string, value: string) => `set -gx ${name} ${quoted(value)}`,
  powershell: (name: string, value: string) => `$env:${name} = '${value.replaceAll("'", "''")}'`,
};

export type Shell = keyof typeof shells;

/** Takes `--shell NAME` out of the flags; the rest are settings. */
export function takeShell(flags: readonly string[]): { shell: Shell; flags: string[] } {
  const index = flags.findIndex((flag) => flag === "--shell" || flag.startsWith("--shell="));
  if (index < 0) return { shell: "sh", flags: [...flags] };
  const isOneWord = flags[index] !== "--shell";
  const name = isOneWord ? flags[index]!.slice("--shell=".length) : flags[index + 1];
  if (name !== "sh" && name !== "fish" && name !== "powershell") {
    throw new UsageError(
      `--shell must be sh, fish or powershell, not ${JSON.stringify(name ?? "")}`,
    );
  }
  return { shell: name, flags: flags.toSpliced(index, isOneWord ? 1 : 2) };
}

/** Prints what SDKs and the AWS CLI read, as commands of a shell. */
export async function printEnvironment(
  configuration: Configuration,
  shell: Shell,
): Promise<number> {
  const { account, region } = configuration;
  if (configuration.port === 0)
    throw new UsageError("tule env needs the port that the server listens on");
  const { files } = realWorld();
  const key = await clientKey(configuration, files);
  if (key === undefined) {
    process.stderr.write(
      `tule: ${configuration.data} holds no access key yet; the first tule start makes it\n`,
    );
    return 1;
  }
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: endpointOf(configuration),
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCOUNT_ID: account,
  };
  // There as soon as something speaks TLS.
  const authority = join(resolve(configuration.data), authorityFile);
  if (!configuration.memory && (await files.read(authority)) !== undefined) {
    variables["NODE_EXTRA_CA_CERTS"] = authority;
  }
  for (const [name, value] of Object.entries(variables)) {
    process.stdout.write(`${shells[shell](name, value)}\n`);
  }
  return 0;
}

function quoted(value: string): string {
  return /^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
