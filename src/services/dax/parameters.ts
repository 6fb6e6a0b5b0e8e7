import type { Parameter } from "#models/dax.ts";

/** What can be set of the nodes' caches, and what it is set to where nobody did. */
export const parameterNames = ["query-ttl-millis", "record-ttl-millis"] as const;
export type ParameterName = (typeof parameterNames)[number];

const descriptions: Readonly<Record<ParameterName, string>> = {
  "query-ttl-millis": "Duration in milliseconds for queries to remain cached",
  "record-ttl-millis":
    "Duration in milliseconds for records to remain valid in cache (Default: 0 - infinite)",
};

/** Five minutes. Source: DAX Developer Guide, "Configuring TTL settings". */
const defaultMillis = "300000";

export type ParameterValues = Readonly<Partial<Record<ParameterName, string>>>;

export function isParameterName(name: string | undefined): name is ParameterName {
  return parameterNames.some((known) => known === name);
}

export function millisOf(values: ParameterValues, name: ParameterName): number {
  return Number(values[name] ?? defaultMillis);
}

/** The shape of `aws dax describe-default-parameters` in AWS's documentation of the command line. */
export function describeParameters(values: ParameterValues): Parameter[] {
  return parameterNames.map((name) => ({
    ParameterName: name,
    ParameterType: "DEFAULT",
    ParameterValue: values[name] ?? defaultMillis,
    NodeTypeSpecificValues: [],
    Description: descriptions[name],
    Source: "user",
    DataType: "integer",
    AllowedValues: "0-",
    IsModifiable: "TRUE",
    ChangeType: "IMMEDIATE",
  }));
}
