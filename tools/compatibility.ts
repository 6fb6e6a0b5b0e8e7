import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { shapeTableLoaders } from "#models/loaders.ts";
import { routes } from "#models/routes.ts";
import { services } from "#services/index.ts";

// `npm run compatibility`, after `npm test`: writes what works, from the API models (what there is to do),
// the services (what is built) and the tests that passed (what is proven, see tests/support/covers.ts).
// With --check it writes nothing and fails if something would change.

const root = join(import.meta.dirname, "..");
const isCheck = process.argv.includes("--check");

interface Operation {
  readonly name: string;
  readonly isBuilt: boolean;
  /** Titles of the tests that passed. */
  readonly tests: readonly string[];
}

interface ServiceTable {
  readonly name: string;
  readonly title: string;
  readonly operations: readonly Operation[];
}

const tests = testsByOperation();
if (tests.size === 0) fail("No test has said what it covers; npm test comes first");

const tables: ServiceTable[] = [];
for (const service of services) {
  const model = (await shapeTableLoaders[service.name]!()).default;
  const operations = Object.keys(model.operations)
    .sort()
    .map((name) => ({
      name,
      isBuilt: service.operations.has(name),
      tests: tests.get(`${service.name}.${name}`) ?? [],
    }));
  tables.push({
    name: service.name,
    title: routes[service.name]?.name ?? service.name,
    operations,
  });
}
checkNames();

const stale = [
  write("docs/compatibility.md", () => page()),
  write("README.md", (text) => betweenMarkers(text, summary())),
  ...tables.map((table) =>
    write(`src/services/${table.name}/README.md`, (text) =>
      betweenMarkers(text, operationTable(table)),
    ),
  ),
].filter((path) => path !== undefined);
if (isCheck && stale.length > 0) {
  fail(`${stale.join(", ")} say something else than the tests; npm run compatibility mends it`);
}

function testsByOperation(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of globSync(".cache/coverage/*.jsonl", { cwd: root }).sort()) {
    for (const line of readFileSync(join(root, file), "utf8").split("\n")) {
      if (line === "") continue;
      const { operations, test } = JSON.parse(line) as { operations: string[]; test: string };
      for (const operation of operations)
        found.set(operation, [...(found.get(operation) ?? []), test]);
    }
  }
  return found;
}

/** A test that covers an operation that there is not has a slip of the pen in it. */
function checkNames(): void {
  const known = new Set(
    tables.flatMap(({ name, operations }) =>
      operations.map((operation) => `${name}.${operation.name}`),
    ),
  );
  const unknown = [...tests.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0)
    fail(`Tests say that they cover what no service has: ${unknown.join(", ")}`);
}

function stateOf({ isBuilt, tests }: Operation): string {
  if (!isBuilt) return "answers 501 NotImplemented";
  return tests.length === 0 ? "built, not yet proven" : "works";
}

function operationTable({ operations }: ServiceTable): string {
  // How many tests there are is not said: each new one would change this file.
  return table(
    ["Operation", "State"],
    operations.map((operation) => [operation.name, stateOf(operation)]),
  );
}

function summary(): string {
  const rows = tables.map(({ name, title, operations }) => {
    const works = operations.filter((operation) => stateOf(operation) === "works").length;
    return [`[${title}](docs/compatibility.md#${name})`, `${works} of ${operations.length}`];
  });
  const served = new Set(tables.map(({ name }) => name));
  const others = Object.keys(routes).filter((name) => !served.has(name)).length;
  const rest = `${others} more services are known by name: each of their operations answers \`501 NotImplemented\`.`;
  return `${table(["Service", "Operations that work"], rows)}\n\n${rest}`;
}

/** A table as the formatter wants it. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const padded = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column]!));
  return [
    line(padded(titles)),
    line(widths.map((width) => "-".repeat(width))),
    ...rows.map((row) => line(padded(row))),
  ].join("\n");
}

function page(): string {
  const served = new Set(tables.map(({ name }) => name));
  const others = Object.entries(routes)
    .filter(([name]) => !served.has(name))
    .map(([, { name }]) => name)
    .sort();
  return `# Compatibility

Written by \`npm run compatibility\` from the API models, the services and the tests that passed; not by hand.
"Works" means built and proven by at least one test through HTTP.

${tables.map((table) => `## ${table.name}\n\n${table.title}\n\n${operationTable(table)}\n`).join("\n")}
## Not here yet

Requests to these services are recognised and answered with \`501 NotImplemented\`:
${others.join(", ")}.
`;
}

/** Returns the path if the file is not as it should be; writes it then, unless only checking. */
function write(path: string, make: (text: string) => string): string | undefined {
  const file = join(root, path);
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const after = make(before);
  if (after === before) return undefined;
  if (!isCheck) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, after);
  }
  return path;
}

function betweenMarkers(text: string, content: string): string {
  const pattern = /(<!-- compatibility -->\n)[^]*?(<!-- \/compatibility -->)/;
  return text.replace(pattern, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
