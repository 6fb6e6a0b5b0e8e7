import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";

const root = join(import.meta.dirname, "..");

/** Modules of Node that compute and touch nothing outside. */
const pureModules =
  /^node:(assert|assert\/strict|buffer|crypto|events|path|querystring|stream|stream\/promises|string_decoder|url|util|util\/types|zlib)$/;

/** What is neither Node's nor a layer of ours. */
const libraries =
  /^(?!node:|main\.ts|(base|world|store|kernel|models|wire|engines|services|gateway|cli)\/)/;

interface Rule {
  /** Files that may import what follows; the first rule that fits a file counts. */
  readonly files: RegExp;
  /** As layers: "base/", "kernel/", and "models/" for types and values; or modules. */
  readonly mayImport: readonly RegExp[];
  /** Only by `import type`. */
  readonly mayImportTypesOf?: readonly RegExp[];
}

/** Who may import whom (ARCHITECTURE.md). A folder's own files and Node's pure modules go without saying. */
const rules: readonly Rule[] = [
  { files: /^src\/base\//, mayImport: [] },
  { files: /^src\/world\//, mayImport: [/^base\//, /^node:/] },
  { files: /^src\/store\//, mayImport: [/^base\//, /^world\//] },
  { files: /^src\/models\//, mayImport: [], mayImportTypesOf: [/^base\//] },
  {
    files: /^src\/kernel\//,
    mayImport: [/^base\//, /^world\//, /^store\//],
    mayImportTypesOf: [/^models\//],
  },
  { files: /^src\/wire\//, mayImport: [/^base\//, /^models\//] },
  // An engine knows its own library alone; the world comes in as arguments, and no other engine.
  { files: /^src\/engines\//, mayImport: [/^base\//, libraries], mayImportTypesOf: [/^world\//] },
  {
    files: /^src\/services\/index\.ts$/,
    mayImport: [/^services\/[\w-]+\/service\.ts$/],
    mayImportTypesOf: [/^kernel\//],
  },
  {
    files: /^src\/services\//,
    mayImport: [/^kernel\//, /^base\//, /^engines\//, /^models\/$own/],
    mayImportTypesOf: [/^models\//, /^services\/[\w-]+\/contract\.ts$/, /^store\//],
  },
  {
    files: /^src\/gateway\//,
    // As machines for protocols, on streams that they are handed; they never listen themselves.
    mayImport: [/^kernel\//, /^wire\//, /^models\//, /^base\//, /^node:(http|http2|module)$/],
    mayImportTypesOf: [/^world\//],
  },
  { files: /^(src\/(cli\/|main\.ts)|tests\/|bench\/|tools\/)/, mayImport: [/./] },
];

/** What wants to be long, and why. */
const longByNature: ReadonlySet<string> = new Set([
  // One connection's state machine: its states only make sense side by side.
  "src/gateway/front/http1-sockets.ts",
]);

const tests = /\.(test|contract)\.ts$|\/testing\//;
const handWritten = files("{src,tests,tools,bench}/**/*.{ts,mjs}").filter(
  (file) => !/^src\/models\/|\.d\.ts$/.test(file),
);
const layered = handWritten.filter((file) => file.startsWith("src/"));

describe("The layers", () => {
  test("import only what the table allows", () => {
    const offences = [...layered, ...files("src/models/*.ts")]
      .filter((file) => !tests.test(file))
      .flatMap((file) => importsOf(file).flatMap((imported) => offenceOf(file, imported)));
    assert.deepEqual(offences, []);
  });

  test("reach the clock, chance, timers and the process only through the world", () => {
    const banned =
      /\b(Date\.now\(|new Date\(\)|performance\.now\(|Math\.random\(|setTimeout\(|setInterval\(|process\.(env|argv|exit|cwd|on)\b|crypto\.randomUUID|randomBytes\(|randomUUID\(|fetch\()/;
    const offences = layered
      .filter((file) => !/^src\/(world|cli)\//.test(file) && !tests.test(file))
      .flatMap((file) =>
        withoutComments(readText(file))
          .split("\n")
          // A method of that name, of a connection for one, is not the global.
          .filter((line) =>
            banned.test(line.replaceAll(/[\w)\]]\??\.(setTimeout|fetch)\??\.?\(/g, "")),
          )
          .map((line) => `${file}: ${line.trim()}`),
      );
    assert.deepEqual(offences, []);
  });

  test("have no hand-written file beyond 500 lines", () => {
    const long = handWritten
      .filter((file) => !longByNature.has(file))
      .map((file) => ({ file, lines: readText(file).split("\n").length }))
      .filter(({ file, lines }) => lines > (tests.test(file) ? 900 : 500))
      .map(({ file, lines }) => `${file} has ${lines} lines: look for the second noun`);
    assert.deepEqual(long, []);
  });
});

describe("The lock file", () => {
  interface Locked {
    readonly optionalDependencies?: Readonly<Record<string, string>>;
    readonly resolved?: string;
  }
  const packages = Object.entries(
    (JSON.parse(readText("package-lock.json")) as { packages: Record<string, Locked> }).packages,
  );

  test("has the native packages of every platform, as npm run lock adds them", () => {
    const paths = new Set(packages.map(([path]) => path));
    const missing = packages.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !paths.has(`node_modules/${name}`) && !paths.has(`${path}/node_modules/${name}`),
      ),
    );
    assert.deepEqual(missing, []);
  });

  test("names no registry, so that everybody's own is asked", () => {
    assert.deepEqual(
      packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
      [],
    );
  });
});

describe("The documents", () => {
  const documents = files("{*.md,docs/**/*.md,src/**/*.md,bench/**/*.md,tests/**/*.md}");

  test("have one title each", () => {
    const offences = documents
      .map((file) => ({ file, titles: withoutCode(readText(file)).match(/^# /gm)?.length ?? 0 }))
      .filter(({ titles }) => titles !== 1)
      .map(({ file, titles }) => `${file} has ${titles} titles`);
    assert.deepEqual(offences, []);
  });

  test("link to nothing that is not there", () => {
    const dead = documents.flatMap((file) =>
      [...withoutCode(readText(file)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1]!.replace(/#.*$/, ""))
        .filter((target) => target !== "" && !/^[a-z]+:/.test(target))
        .filter((target) => !existsSync(join(root, dirname(file), target)))
        .map((target) => `${file}: ${target}`),
    );
    assert.deepEqual(dead, []);
  });

  test("keep the lengths that make them read", () => {
    const longest: Readonly<Record<string, number>> = { "README.md": 150, "ARCHITECTURE.md": 400 };
    for (const [file, lines] of Object.entries(longest)) {
      assert.ok(
        readText(file).split("\n").length <= lines + 1,
        `${file} is longer than ${lines} lines`,
      );
    }
  });
});

interface Import {
  /** "kernel/context.ts" for a file in src, else the module: "node:fs", "pg". */
  readonly target: string;
  readonly isType: boolean;
}

function importsOf(file: string): Import[] {
  const text = withoutComments(readText(file));
  const found = text.matchAll(
    /\b(?:import|export)\s+(type\s+)?(?:[\w*${},\s]+?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/g,
  );
  return [...found].map(([statement, type, named, dynamic]) => ({
    target: targetOf(file, named ?? dynamic!),
    isType: type !== undefined || onlyTypes(statement),
  }));
}

/** `import { type A, type B } from` imports types as well. */
function onlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/
    .exec(statement)?.[1]
    ?.split(",")
    .map((name) => name.trim());
  return names?.every((name) => name === "" || name.startsWith("type ")) === true;
}

function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (!specifier.startsWith(".")) return specifier;
  return relative(join(root, "src"), join(root, dirname(file), specifier));
}

function offenceOf(file: string, { target, isType }: Import): string[] {
  if (pureModules.test(target) || folderOf(`src/${target}`) === folderOf(file)) return [];
  const rule = rules.find(({ files }) => files.test(file));
  const allowed = [...(rule?.mayImport ?? []), ...(isType ? (rule?.mayImportTypesOf ?? []) : [])];
  if (allowed.some((pattern) => ownModel(pattern, file).test(target))) return [];
  const how = isType ? "imports types of" : "imports";
  return [`${file} ${how} ${target}, which the table in tests/architecture.test.ts does not allow`];
}

/** What one imports relatively: the layer, or the one service or engine in it. */
function folderOf(file: string): string {
  return /^src\/((services|engines)\/[^/]+\/|[^/]+\/)/.exec(file)?.[1] ?? "";
}

function ownModel(pattern: RegExp, file: string): RegExp {
  const service = /^src\/services\/([^/]+)\//.exec(file)?.[1] ?? "";
  return new RegExp(pattern.source.replace("$own", `${service}\\.`));
}

function files(pattern: string): string[] {
  return globSync(pattern, { cwd: root, exclude: (path) => path.includes("node_modules") }).sort();
}

function readText(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");
}
