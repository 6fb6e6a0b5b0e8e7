/*
 * The fields that Logs Insights discovers in a message: those of a JSON object, nested ones by their path with dots,
 * elements of lists by their number. A message may have text before its object, as Lambda's have.
 * Source: CloudWatch Logs User Guide, "Supported logs and discovered fields": up to 200 fields of an event.
 */
const fieldsAtMost = 200;

/** Undefined where the message holds no JSON object. */
export function discoveredFields(message: string): Map<string, string> | undefined {
  const object = objectIn(message);
  if (object === undefined) return undefined;
  const fields = new Map<string, string>();
  collect(object, "", fields);
  return fields;
}

/** The JSON object of a message. */
export function objectIn(message: string): object | undefined {
  const start = message.indexOf("{");
  if (start === -1) return undefined;
  const end = message.trimEnd();
  if (!end.endsWith("}")) return undefined;
  try {
    const value: unknown = JSON.parse(start === 0 ? end : end.slice(start));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

type Json = string | number | boolean | object | null;

function collect(value: object, path: string, fields: Map<string, string>): void {
  for (const [name, inner] of Object.entries(value) as [string, Json][]) {
    if (fields.size >= fieldsAtMost) return;
    const whole = path === "" ? name : `${path}.${name}`;
    if (inner === null) continue;
    if (typeof inner === "object") collect(inner, whole, fields);
    else fields.set(whole, String(inner));
  }
}
