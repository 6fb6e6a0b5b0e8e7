/*
 * What Logs Insights knows of the lines that Lambda itself writes.
 * Source: CloudWatch Logs User Guide, "Supported logs and discovered fields". Memory is in bytes, a megabyte 1,000,000.
 */
const line = /^(START|END|REPORT) RequestId: ([\w-]+)/;
const figures: readonly (readonly [field: string, find: RegExp, factor: number])[] = [
  ["@duration", /(?:^|\t)Duration: ([\d.]+) ms/, 1],
  ["@billedDuration", /Billed Duration: ([\d.]+) ms/, 1],
  ["@initDuration", /Init Duration: ([\d.]+) ms/, 1],
  ["@memorySize", /Memory Size: ([\d.]+) MB/, 1_000_000],
  ["@maxMemoryUsed", /Max Memory Used: ([\d.]+) MB/, 1_000_000],
];

export function lambdaFields(message: string): Map<string, string> | undefined {
  const [, type, requestId] = line.exec(message) ?? [];
  if (type === undefined || requestId === undefined) return undefined;
  const fields = new Map([
    ["@type", type],
    ["@requestId", requestId],
  ]);
  if (type !== "REPORT") return fields;
  for (const [field, find, factor] of figures) {
    const figure = find.exec(message)?.[1];
    if (figure !== undefined) fields.set(field, String(Number(figure) * factor));
  }
  return fields;
}
