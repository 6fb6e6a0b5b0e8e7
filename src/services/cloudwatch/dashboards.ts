import { endOfPrefix, keyAfter } from "#base/key.ts";
import { textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  CloudWatch,
  DashboardEntry,
  DashboardValidationMessages,
} from "#models/cloudwatch.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import { dashboardKey, dashboardsPrefix } from "./keyspace.ts";
import { decodedToken, encodedToken } from "./tokens.ts";
import { forgetTags, putTags } from "./tags.ts";

/** Source: API reference, ListDashboards and PutDashboard; service quotas. */
const pageAtMost = 1_000;
const widgetsAtMost = 500;
const bodyBytesAtMost = 1_048_576;

export interface DashboardRecord {
  readonly name: string;
  readonly body: string;
  readonly changedAtMs: number;
}

const dashboardCodec: Codec<DashboardRecord> = {
  encode: (record) => Buffer.from(JSON.stringify(record)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as DashboardRecord,
};

/** Dashboards belong to an account, and to no region. */
export const dashboardArn = ({ account }: Context, name: string): string =>
  `arn:aws:cloudwatch::${account}:dashboard/${name}`;

export function findDashboard(
  snapshot: Snapshot,
  ctx: Context,
  name: string,
): DashboardRecord | undefined {
  return snapshot.record(dashboardKey(ctx, name), dashboardCodec);
}

export const dashboards = {
  PutDashboard(ctx, input) {
    const { DashboardName: name, DashboardBody: body } = input;
    if (!isDashboardName(name)) throw ctx.error("InvalidParameterInput", wrongName);
    const messages = problemsOf(body);
    if (messages.length > 0) {
      throw ctx.error(
        "InvalidParameterInput",
        `The field DashboardBody must be a valid JSON object: ${messages[0]?.Message}`,
        { dashboardValidationMessages: messages },
      );
    }
    return ctx.transact((tx) => {
      const isNew = findDashboard(tx, ctx, name) === undefined;
      const record = { name, body, changedAtMs: ctx.now() };
      tx.putRecord(dashboardKey(ctx, name), dashboardCodec, record);
      if (isNew) putTags(tx, ctx, dashboardArn(ctx, name), input.Tags);
      return { DashboardValidationMessages: [] };
    });
  },

  GetDashboard(ctx, input) {
    const { DashboardName: name } = input;
    if (!isDashboardName(name)) throw ctx.error("InvalidParameterValue", wrongName);
    return ctx.read((snapshot) => {
      const found = findDashboard(snapshot, ctx, name);
      if (found === undefined) {
        throw ctx.error("ResourceNotFound", `Dashboard ${name} does not exist`);
      }
      return {
        DashboardArn: dashboardArn(ctx, name),
        DashboardBody: found.body,
        DashboardName: name,
      };
    });
  },

  ListDashboards(ctx, input) {
    const { DashboardNamePrefix: begins = "", NextToken: token } = input;
    const after = decodedToken(token);
    if (after !== undefined && typeof after !== "string") {
      throw ctx.error("InvalidParameterValue", "Invalid nextToken");
    }
    const prefix = dashboardsPrefix(ctx) + (begins === "" ? "" : textPrefix(begins));
    const start = after === undefined ? prefix : keyAfter(dashboardKey(ctx, after));
    const end = endOfPrefix(prefix);
    return ctx.read((snapshot) => {
      const DashboardEntries: DashboardEntry[] = [];
      if (start >= end) return { DashboardEntries };
      for (const { value } of snapshot.range({ start, end })) {
        if (DashboardEntries.length === pageAtMost) {
          const last = DashboardEntries.at(-1)?.DashboardName;
          return { DashboardEntries, NextToken: encodedToken(last) };
        }
        const { name, body, changedAtMs } = dashboardCodec.decode(value);
        DashboardEntries.push({
          DashboardName: name,
          DashboardArn: dashboardArn(ctx, name),
          LastModified: changedAtMs,
          Size: Buffer.byteLength(body),
        });
      }
      return { DashboardEntries };
    });
  },

  /** All of them or, if one is not there, none. */
  DeleteDashboards(ctx, input) {
    const names = input.DashboardNames;
    if (!names.every(isDashboardName)) throw ctx.error("InvalidParameterValue", wrongName);
    return ctx.transact((tx) => {
      const missing = names.find((name) => findDashboard(tx, ctx, name) === undefined);
      if (missing !== undefined) {
        throw ctx.error("ResourceNotFound", `Dashboard ${missing} does not exist`);
      }
      for (const name of names) {
        tx.delete(dashboardKey(ctx, name));
        forgetTags(tx, ctx, dashboardArn(ctx, name));
      }
      return {};
    });
  },
} satisfies Handlers<CloudWatch>;

const isDashboardName = (name: string): boolean => /^[A-Za-z0-9_-]{1,255}$/.test(name);

/** Recorded, the line's end included. */
const wrongName =
  "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n";

/** What is wrong with a body. Source: API reference, "Dashboard body structure and syntax". */
function problemsOf(body: string): DashboardValidationMessages {
  if (Buffer.byteLength(body) > bodyBytesAtMost) {
    return [{ Message: "The dashboard body is larger than 1 MB" }];
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return [{ Message: "The dashboard body is not valid JSON" }];
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return [{ DataPath: "/", Message: "The dashboard body must be an object" }];
  }
  const { widgets } = parsed as { widgets?: unknown };
  if (!Array.isArray(widgets)) {
    return [{ DataPath: "/widgets", Message: "The field widgets is required" }];
  }
  if (widgets.length > widgetsAtMost) {
    return [{ DataPath: "/widgets", Message: `There can be at most ${widgetsAtMost} widgets` }];
  }
  return widgets.flatMap((widget: unknown, index) => problemsOfWidget(widget, `/widgets/${index}`));
}

const widgetTypes = new Set(["metric", "text", "log", "alarm", "explorer", "custom"]);

function problemsOfWidget(widget: unknown, path: string): DashboardValidationMessages {
  if (typeof widget !== "object" || widget === null) {
    return [{ DataPath: path, Message: "A widget must be an object" }];
  }
  const { type, properties } = widget as { type?: unknown; properties?: unknown };
  if (typeof type !== "string" || !widgetTypes.has(type)) {
    const types = [...widgetTypes].join(", ");
    return [{ DataPath: `${path}/type`, Message: `The field type must be one of ${types}` }];
  }
  if (typeof properties !== "object" || properties === null) {
    return [{ DataPath: `${path}/properties`, Message: "The field properties is required" }];
  }
  return [];
}
