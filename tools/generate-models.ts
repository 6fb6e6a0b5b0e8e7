/**
 * npm run generate                 all services of models/services.json, from the pinned botocore package
 * npm run generate -- sqs sns      adds services to the list (if missing) and writes theirs
 * npm run generate -- --check      exits 1 if the committed output differs; needs no network: without the downloaded
 *                                  package it checks what follows from models/*.json
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Model } from "#models/shape-table.ts";
import type { ServiceRoutes } from "#models/routes.ts";
import { compact, correct, type Correction } from "./generate-models/compact.ts";
import { routesOf } from "./generate-models/routes.ts";
import { loadersOf, modelText, routesText } from "./generate-models/text.ts";
import { slowPatterns } from "./generate-models/slow-patterns.ts";
import { typescriptOf } from "./generate-models/typescript.ts";
import { fetchWheel, findWheel, type Source, type Wheel } from "./generate-models/wheel.ts";

const root = join(import.meta.dirname, "..");
const cacheFolder = join(root, ".cache");

interface ServiceList {
  source: Source;
  generated: string[];
  routed: string[];
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));

/** All files that the generator writes, by path. Without the wheel, what models/*.json alone decide. */
function generate(services: ServiceList, wheel: Wheel | undefined): Map<string, string> {
  const corrections = read("models/corrections.json") as Record<string, Correction[]>;
  const source = `${services.source.package} ${services.source.version}`;
  const files = new Map<string, string>();
  const routes = wheel ? {} : (read("src/models/routes.json") as Record<string, ServiceRoutes>);
  const corrected = (service: string, model: Model) => correct(model, corrections[service] ?? []);
  if (wheel) {
    for (const service of services.routed) {
      routes[service] = routesOf(corrected(service, compact(wheel.readModel(service), source)));
    }
  }
  for (const service of services.generated) {
    const path = `models/${service}.json`;
    const model = wheel ? compact(wheel.readModel(service), source) : (read(path) as Model);
    files.set(path, modelText(model));
    const final = corrected(service, model);
    files.set(`src/models/${service}.ts`, typescriptOf(service, final));
    files.set(`src/models/${service}.shapes.json`, modelText(final));
    routes[service] = routesOf(final);
  }
  files.set("src/models/routes.json", routesText(routes));
  files.set("src/models/loaders.ts", loadersOf(services.generated));
  return files;
}

function main(args: readonly string[]): void {
  const services = read("models/services.json") as ServiceList;
  if (args.includes("--check")) {
    const differing = [...generate(services, findWheel(services.source, cacheFolder))].filter(
      ([path, text]) =>
        !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text,
    );
    for (const [path] of differing)
      console.error(`${path} is not what \`npm run generate\` writes`);
    process.exitCode = differing.length > 0 ? 1 : 0;
    return;
  }
  const unknown = args.filter((service) => !services.routed.includes(service));
  if (unknown.length > 0)
    throw new Error(`not in models/services.json under "routed": ${unknown.join(", ")}`);
  const added = args.filter((service) => !services.generated.includes(service));
  if (added.length > 0) {
    services.generated = [...services.generated, ...added].sort();
    writeFileSync(join(root, "models/services.json"), `${JSON.stringify(services, null, 2)}\n`);
  }
  const files = generate(services, fetchWheel(services.source, cacheFolder));
  for (const service of services.generated) {
    const slow = slowPatterns(JSON.parse(files.get(`src/models/${service}.shapes.json`) ?? "{}"));
    if (slow.length > 0) {
      throw new Error(
        `${service}: correct the patterns of ${slow.join(", ")} with a safePattern: they can run for ever`,
      );
    }
  }
  for (const [path, text] of files) writeFileSync(join(root, path), text);
}

main(process.argv.slice(2));
