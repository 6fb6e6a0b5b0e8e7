/** Whatever is wrong with how the command was called: one line for the user, exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Which server serves a region that this one does not. */
export interface PeerSetting {
  readonly region: string;
  readonly url: string;
}

/** Where the keys of an issuer of tokens are. */
export interface IssuerSetting {
  readonly issuer: string;
  /** A URL or a path. */
  readonly place: string;
}

interface SettingKind<T> {
  /** What a value looks like, for the help: "PORT". Undefined for a switch, which takes no value. */
  readonly placeholder: string | undefined;
  /** The value, or undefined if the text is none. */
  readonly parse: (text: string) => T | undefined;
  /** Whether a flag may come several times; elsewhere its values stand with commas between them. */
  readonly isList?: true;
  /** What is allowed, to finish the sentence "... must be". */
  readonly allowed: string;
}

export interface Setting<T> extends SettingKind<T> {
  readonly help: string;
  /** Undefined where the default follows from something else; the help says from what. */
  readonly fallback: T | undefined;
  /** Secrets have no flag: command lines are visible to everybody on the machine. */
  readonly isSecret?: true;
}

const text = (placeholder: string): SettingKind<string> => ({
  placeholder,
  parse: (value) => (value === "" ? undefined : value),
  allowed: "some text",
});

const switched: SettingKind<boolean> = {
  placeholder: undefined,
  parse: (value) => ({ true: true, 1: true, false: false, 0: false })[value],
  allowed: "true or false",
};

const oneOf = <const T extends string>(...names: readonly T[]): SettingKind<T> => ({
  placeholder: names.join("|"),
  parse: (value) => names.find((name) => name === value),
  allowed: `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`,
});

const matching = (placeholder: string, pattern: RegExp, allowed: string): SettingKind<string> => ({
  placeholder,
  parse: (value) => (pattern.test(value) ? value : undefined),
  allowed,
});

const port: SettingKind<number> = {
  placeholder: "PORT",
  parse: (value) =>
    /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : undefined,
  allowed: "a number from 0 to 65535 (0 picks a free port)",
};

const regionPattern = /^[a-z]{2,}(-[a-z]+)+-\d+$/;

const peerList: SettingKind<readonly PeerSetting[]> = {
  placeholder: "REGION=URL",
  isList: true,
  parse: (value) => {
    const peers = value.split(",").map((peer) => {
      const [region = "", url = ""] = peer.trim().split(/=(.*)/s);
      const isRight = regionPattern.test(region) && /^https?:\/\/[^/?#]+\/?$/.test(url);
      return isRight ? { region, url: url.replace(/\/$/, "") } : undefined;
    });
    return peers.every((peer) => peer !== undefined) ? peers : undefined;
  },
  allowed: "REGION=URL, such as eu-west-1=http://10.0.0.2:4566",
};

const issuerList: SettingKind<readonly IssuerSetting[]> = {
  placeholder: "ISSUER=PLACE",
  isList: true,
  parse: (value) => {
    const issuers = value.split(",").map((entry) => {
      const [issuer = "", place = ""] = entry.trim().split(/=(.*)/s);
      return /^https?:\/\//.test(issuer) && place !== "" ? { issuer, place } : undefined;
    });
    return issuers.every((issuer) => issuer !== undefined) ? issuers : undefined;
  },
  allowed: "ISSUER=PLACE, such as https://token.actions.githubusercontent.com=keys.json",
};

const preset = <T>(kind: SettingKind<T>, help: string, fallback: T) => ({
  ...kind,
  help,
  fallback,
});

/** A setting whose default follows from something else; the help says from what. */
const derived = <T>(kind: SettingKind<T>, help: string) => ({ ...kind, help, fallback: undefined });

const secret = <T>(setting: T) => ({ ...setting, isSecret: true as const });

/**
 * All there is to set. The flag, the environment variable (`TULE_LOG_FORMAT`), the member of the
 * configuration file (`logFormat`) and the help are made from each entry's name and what stands here.
 */
export const settings = {
  port: preset(port, "where to listen; 0 picks a free port", 4566),
  servicePort: preset(
    port,
    "the first port for services with protocols of their own, such as DAX;\nthey take it and the free ones after it; 0 picks free ones",
    8111,
  ),
  host: preset(text("HOST"), "the address to listen on", "127.0.0.1"),
  data: preset(text("DIR"), "the folder that holds all state", "./.tule"),
  memory: preset(switched, "keep all state in memory; it ends with the process", false),
  auth: derived(
    oneOf("open", "strict"),
    "open: unknown access keys are root; strict: every request is verified\n(default: open on loopback, strict elsewhere)",
  ),
  account: preset(
    matching("ID", /^\d{12}$/, "12 digits"),
    "the account of requests that name none",
    "000000000000",
  ),
  region: preset(
    matching("REGION", regionPattern, "a region such as us-east-1"),
    "the region of requests that name none",
    "us-east-1",
  ),
  throttle: preset(
    switched,
    "refuse what exceeds the capacity of tables and indexes; --no-throttle\nonly counts it",
    true,
  ),
  partitionLimits: preset(
    switched,
    "with throttle: let a partition read 3,000 and write 1,000 units a second\nat most, and an on-demand table what it is warm for, as on AWS",
    false,
  ),
  peer: derived(
    peerList,
    "the server that serves a region instead of this one; may come several\ntimes. The two need a TULE_PEER_SECRET that they share",
  ),
  peerSecret: secret(derived(text("SECRET"), "what the servers of --peer sign their calls with")),
  issuerKeys: derived(
    issuerList,
    "where the keys of an issuer of web identity tokens are: a file or URL\nof a JSON Web Key Set; may come several times. Issuers on this machine\nneed none",
  ),
  log: preset(
    oneOf("silent", "error", "info", "debug"),
    "how much to report on standard error",
    "info",
  ),
  logFormat: preset(oneOf("text", "json"), "how to write those reports", "text"),
  http: preset(
    oneOf("sockets", "node"),
    "the HTTP/1.1 server: the fast one or Node's own",
    "sockets",
  ),
  rootAccessKeyId: secret(
    derived(
      matching("KEY", /^\w{16,128}$/, "16 to 128 letters, digits or _"),
      "the account's root access key\n(default: made once and kept in the data folder)",
    ),
  ),
  rootSecretAccessKey: secret(derived(text("SECRET"), "its secret; set both or none")),
} satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof settings;

type Settings = typeof settings;

/** The settings' values, each from its flag, its environment variable, the file or its default. */
export type Values = {
  readonly [Name in SettingName]:
    | NonNullable<ReturnType<Settings[Name]["parse"]>>
    | (Settings[Name]["fallback"] extends undefined ? undefined : never);
};

export const settingNames = Object.keys(settings).filter(
  (name): name is SettingName => name in settings,
);

/** `logFormat` as a flag: `--log-format`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
}

/** `logFormat` in the environment: `TULE_LOG_FORMAT`. */
export function variableOf(name: string): string {
  return `TULE_${name.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`;
}
