import { dirname, resolve } from "node:path";
import { flagOf, settingNames, settings, UsageError, variableOf } from "./settings.ts";
import type { Setting, SettingName, Values } from "./settings.ts";
import { nearest } from "#base/nearest.ts";

/** What the server is started with. */
export interface Configuration extends Omit<
  Values,
  "auth" | "data" | "issuerKeys" | "peer" | "peerSecret"
> {
  readonly auth: "open" | "strict";
  /** Absolute. */
  readonly data: string;
  /** Where issuers of tokens keep their keys: URLs and absolute paths, by issuer. */
  readonly issuers: ReadonlyMap<string, string> | undefined;
  readonly peers:
    | { readonly urls: ReadonlyMap<string, string>; readonly secret: string }
    | undefined;
}

export interface Sources {
  /** What follows the command. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The current folder. */
  readonly folder: string;
  /** The file's text, or undefined if there is none. */
  readonly readFile: (path: string) => string | undefined;
}

export interface Read {
  readonly configuration: Configuration;
  /** What the user may want to know, a line each. */
  readonly warnings: readonly string[];
}

const defaultFileName = "tule.config.json";

/**
 * Reads all settings: a flag counts before the environment, that before the file, that before the default.
 * Throws UsageError with one line that says what is wrong and what is allowed.
 */
export function readConfiguration(sources: Sources): Read {
  const flags = parseFlags(sources.flags);
  const variables = variablesOf(sources.environment);
  const file = readSettingsFile(sources, flags.get("config") ?? variables.get("config"));
  const values: Record<string, unknown> = {};
  for (const name of settingNames) {
    const setting: Setting<unknown> = settings[name];
    const given = flags.get(name) ?? variables.get(name) ?? file.get(name);
    values[name] = given === undefined ? setting.fallback : parse(setting, given);
  }
  // Paths are relative to where they are written.
  const folderOf = (name: SettingName): string => {
    const isFromFile = !flags.has(name) && !variables.has(name) && file.has(name);
    return isFromFile ? file.folder : sources.folder;
  };
  const warnings = [...variables.unknown].map(
    (variable) =>
      `${variable} is set, and is no setting of this version${didYouMean(variable, allVariables)}`,
  );
  return { configuration: complete(values as Values, folderOf), warnings };
}

function complete(values: Values, folderOf: (name: SettingName) => string): Configuration {
  if ((values.rootAccessKeyId === undefined) !== (values.rootSecretAccessKey === undefined)) {
    throw new UsageError("rootAccessKeyId and rootSecretAccessKey are set both or not at all");
  }
  const auth = values.auth ?? (isLoopback(values.host) ? "open" : "strict");
  const { peer, peerSecret, issuerKeys, ...rest } = values;
  return {
    ...rest,
    auth,
    data: resolve(folderOf("data"), values.data),
    issuers:
      issuerKeys &&
      new Map(issuerKeys.map(({ issuer, place }) => [issuer, placeOf(place, folderOf)])),
    peers: peersOf({ peer, peerSecret }),
  };
}

function placeOf(place: string, folderOf: (name: SettingName) => string): string {
  return /^https?:\/\//.test(place) ? place : resolve(folderOf("issuerKeys"), place);
}

function peersOf({
  peer,
  peerSecret,
}: Pick<Values, "peer" | "peerSecret">): Configuration["peers"] {
  if (peer === undefined && peerSecret === undefined) return undefined;
  if (peerSecret === undefined) {
    throw new UsageError(
      "--peer needs a secret that is shared with the peer: set TULE_PEER_SECRET",
    );
  }
  const urls = new Map((peer ?? []).map(({ region, url }) => [region, url]));
  return { urls, secret: peerSecret };
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** A value and where it comes from, in the words for an error. */
interface Given {
  readonly value: string;
  readonly source: string;
}

function parse<T>(setting: Setting<T>, given: Given): T {
  const value = setting.parse(given.value);
  if (value !== undefined) return value;
  const shown = setting.isSecret ? "what it is" : JSON.stringify(given.value);
  throw new UsageError(`${given.source} must be ${setting.allowed}, not ${shown}`);
}

const allVariables = [...settingNames.map(variableOf), variableOf("config")];
const allFlags = ["config", ...settingNames.filter((name) => !("isSecret" in settings[name]))].map(
  flagOf,
);

/** Whether the flag is a setting's that takes its value from the next word: `--port 8000`. */
export function takesValue(flag: string): boolean {
  const name = nameOfFlag(flag);
  return name !== undefined && !isSwitch(name);
}

function nameOfFlag(flag: string): SettingName | "config" | undefined {
  if (!allFlags.includes(flag)) return undefined;
  return flag === "--config" ? "config" : settingNames.find((name) => flagOf(name) === flag);
}

function parseFlags(argv: readonly string[]): Map<string, Given> {
  const found = new Map<string, Given>();
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index]!;
    if (!word.startsWith("-")) throw new UsageError(`"${word}" is not expected here`);
    const equals = word.indexOf("=");
    const flag = equals < 0 ? word : word.slice(0, equals);
    const isNegated = flag.startsWith("--no-") && isSwitch(nameOfFlag(`--${flag.slice(5)}`));
    const name = nameOfFlag(isNegated ? `--${flag.slice(5)}` : flag);
    if (name === undefined) {
      throw new UsageError(
        `There is no flag ${flag}${didYouMean(flag, allFlags)}; tule --help lists them`,
      );
    }
    let value: string | undefined = equals < 0 ? undefined : word.slice(equals + 1);
    if (isNegated) value = "false";
    else if (value === undefined && isSwitch(name)) value = "true";
    else value ??= argv[(index += 1)];
    if (value === undefined) throw new UsageError(`${flag} needs a value`);
    const before = name !== "config" && isList(name) ? found.get(name)?.value : undefined;
    found.set(name, { value: before === undefined ? value : `${before},${value}`, source: flag });
  }
  return found;
}

function isList(name: SettingName): boolean {
  const setting: Setting<unknown> = settings[name];
  return setting.isList === true;
}

function isSwitch(name: SettingName | "config" | undefined): boolean {
  return name !== undefined && name !== "config" && settings[name].placeholder === undefined;
}

class Variables extends Map<string, Given> {
  readonly unknown: string[] = [];
}

function variablesOf(environment: Sources["environment"]): Variables {
  const found = new Variables();
  for (const name of [...settingNames, "config"]) {
    const source = variableOf(name);
    const value = environment[source];
    // Set to nothing is how shells and compose files say "not set".
    if (value !== undefined && value !== "") found.set(name, { value, source });
  }
  for (const variable of Object.keys(environment)) {
    // A newer version's, or another program's: no reason not to start.
    if (variable.startsWith("TULE_") && !allVariables.includes(variable))
      found.unknown.push(variable);
  }
  return found;
}

class SettingsFile extends Map<string, Given> {
  readonly folder: string;
  constructor(folder: string) {
    super();
    this.folder = folder;
  }
}

function readSettingsFile(sources: Sources, named: Given | undefined): SettingsFile {
  const path = resolve(sources.folder, named?.value ?? defaultFileName);
  const text = sources.readFile(path);
  const file = new SettingsFile(dirname(path));
  if (text === undefined) {
    if (named !== undefined)
      throw new UsageError(`${named.source} names ${path}, and there is no such file`);
    return file;
  }
  for (const [name, value] of Object.entries(membersOf(path, text))) {
    if (!settingNames.some((setting) => setting === name)) {
      throw new UsageError(
        `${path} has a member ${name}, which is no setting${didYouMean(name, settingNames)}`,
      );
    }
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw new UsageError(`${name} in ${path} must be a string, a number, true or false`);
    }
    file.set(name, { value: String(value), source: `${name} in ${path}` });
  }
  return file;
}

function membersOf(path: string, text: string): object {
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${error instanceof Error ? error.message : ""}`);
  }
  if (typeof members !== "object" || members === null || Array.isArray(members)) {
    throw new UsageError(`${path} must hold one JSON object`);
  }
  return members;
}

function didYouMean(word: string, known: readonly string[]): string {
  const found = nearest(word, known);
  return found === undefined ? "" : `; did you mean ${found}?`;
}
