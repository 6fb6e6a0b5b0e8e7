import { json, type OwnPage } from "./page.ts";

/**
 * Who contributes most to what rules count: `?rule=DynamoDBContributorInsights-PKC-Music-...`. Without `rule`, the names
 * of those that have counted. `account`, `region`, `start` and `end` (ISO 8601), `limit`.
 */
export const contributors: OwnPage = {
  access: "owner",
  GET({ options, request }) {
    const asked = new URLSearchParams(request.query);
    const tenant = {
      account: asked.get("account") ?? options.defaultAccount,
      region: asked.get("region") ?? options.defaultRegion,
    };
    const { contributors } = options.kernel;
    const rule = asked.get("rule");
    if (rule === null) return json(200, { rules: contributors.names(tenant) });
    const timeOf = (text: string | null, fallback: number): number => {
      const timeMs = Date.parse(text ?? "");
      return Number.isNaN(timeMs) ? fallback : timeMs;
    };
    const range = {
      startMs: timeOf(asked.get("start"), 0),
      endMs: timeOf(asked.get("end"), Infinity),
    };
    const report = contributors.report(tenant, rule, range, Number(asked.get("limit") ?? 10));
    return report === undefined
      ? json(404, { message: `nothing has been counted by ${rule}` })
      : json(200, report);
  },
};
