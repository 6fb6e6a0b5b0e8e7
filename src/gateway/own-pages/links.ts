import { durationForm, formatDuration, parseDuration } from "#base/durations.ts";
import type { RegionLink } from "#kernel/region-links.ts";
import { flag, membersOf, text, type MemberKind } from "./members.ts";
import { json, PageProblem, type OwnPage, type PageCall } from "./page.ts";

const regions: MemberKind<readonly [string, string]> = {
  parse: (value) =>
    Array.isArray(value) && value.length === 2 && value.every(isRegion) && value[0] !== value[1]
      ? [value[0] as string, value[1] as string]
      : undefined,
  allowed: 'two regions, such as ["us-east-1", "eu-west-1"], or one and "*" for all others',
};

const members = { regions, cut: flag, delay: text(parseDuration, durationForm) };

/** How the regions are connected: cut from each other, or late. */
export const links: OwnPage = {
  access: "owner",
  GET: (call) => listed(call),
  POST(call) {
    const { kernel } = call.options;
    const { regions: pair, cut, delay: delayMs } = membersOf(call.body, members);
    if (pair === undefined) throw new PageProblem(400, `regions must be ${regions.allowed}`);
    if (cut === undefined && delayMs === undefined) {
      throw new PageProblem(400, "say cut (true or false), delay, or both");
    }
    if (cut === true) kernel.links.cut(...pair);
    if (cut === false) kernel.links.heal(...pair);
    if (delayMs !== undefined) kernel.links.delay(...pair, delayMs);
    return listed(call);
  },
  DELETE(call) {
    if (call.item !== undefined)
      throw new PageProblem(404, "links are taken back all at once here");
    call.options.kernel.links.healAll();
    return listed(call);
  },
};

function listed({ options: { kernel } }: PageCall) {
  return json(200, { links: kernel.links.list().map(factsOf) });
}

function factsOf({ regions: pair, isCut, delayMs }: RegionLink): object {
  return { regions: pair, cut: isCut, delay: formatDuration(delayMs) };
}

function isRegion(value: unknown): boolean {
  return typeof value === "string" && /^([a-z0-9-]{1,64}|\*)$/.test(value);
}
