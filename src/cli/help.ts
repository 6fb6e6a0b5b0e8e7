import { flagOf, settingNames, settings, variableOf } from "./settings.ts";
import type { Setting } from "./settings.ts";

/** What `tule --help` prints. */
export function help(): string {
  const flags = settingNames.filter((name) => !("isSecret" in settings[name]));
  const secrets = settingNames.filter((name) => "isSecret" in settings[name]);
  return `Tule: the AWS serverless and data platform that you own.

Run it:
  tule start     runs the server; Ctrl-C ends it
  tule env       prints what a shell needs to reach it: eval "$(tule env)"
                 (--shell fish or powershell for those)
  tule status    asks a running server how it is
  tule demo      makes a table on a running server and uses it, step by step
  tule cost      what its tables would cost a month on AWS, each way to run them (--json)
  tule why-denied REQUEST-ID
                 why policies denied a request

Bend it, while it runs (docs/guides/bend-it.md):
  tule time                            shows its clock
  tule time +36h | -2h | set TIME      moves it; whatever waits for time acts
  tule time freeze | resume | reset    stops it, lets it run on, sets it back to the machine's
  tule fault add SERVICE[:OPERATION]   lets calls fail: --throttle, --error CODE, --disconnect,
                                       --latency 200ms; to some: --share 10%, --region, --count 3
  tule fault partition REGION REGION   cuts two regions from each other; delay, heal
  tule fault list | remove ID | clear
  tule snapshot save | load | delete NAME, tule snapshot list
                                       copies the whole state, while it is written to
  tule fork [NAME] --port PORT         starts another server on a copy of a snapshot, or of now
                                       (--from PORT: of that server; --data DIR: in that folder)

tule --help, tule --version

Settings, as flags of every command:
${rows([...flags.map((name) => row(`${flagOf(name)} ${settings[name].placeholder ?? ""}`, settings[name])), configRow])}

Each is also an environment variable (${variableOf("port")}, ${variableOf("logFormat")}) and a member of
the JSON file tule.config.json ("port", "logFormat"). A flag counts first, then the environment, then
the file. Secrets have no flags:
${rows(secrets.map((name) => row(variableOf(name), settings[name])))}
`;
}

type Row = readonly [left: string, right: string];

const configRow: Row = [
  "--config FILE",
  "the configuration file (default ./tule.config.json, if there)",
];

function row(left: string, setting: Setting<unknown>): Row {
  const { fallback } = setting;
  const isShown = typeof fallback === "string" || typeof fallback === "number";
  return [left.trim(), isShown ? `${setting.help} (default ${fallback})` : setting.help];
}

function rows(all: readonly Row[]): string {
  const width = Math.max(...all.map(([left]) => left.length));
  return all
    .map(([left, right]) => {
      const [first, ...more] = right.split("\n");
      const indent = " ".repeat(width + 4);
      return [`  ${left.padEnd(width)}  ${first}`, ...more.map((line) => indent + line)].join("\n");
    })
    .join("\n");
}
