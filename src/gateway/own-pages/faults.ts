import { durationForm, formatDuration, parseDuration } from "#base/durations.ts";
import { nearest } from "#base/nearest.ts";
import { mostFaults, patternOf } from "#kernel/faults.ts";
import type { Fault, FaultEffect, FaultRule } from "#kernel/faults.ts";
import type { Kernel } from "#kernel/kernel.ts";
import { loadServiceModel } from "#wire/shapes.ts";
import { flag, membersOf, text, type MemberKind } from "./members.ts";
import { json, PageProblem, type OwnPage } from "./page.ts";

/** A client gives up long before that. */
const longestLatencyMs = 15 * 60_000;

const share: MemberKind<number> = {
  parse: (value) => (typeof value === "number" && value > 0 && value <= 1 ? value : undefined),
  allowed: "a number above 0 and up to 1",
};

const whole = (least: number, most: number): MemberKind<number> => ({
  parse: (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
      ? value
      : undefined,
  allowed: `a whole number from ${least} to ${most}`,
});

const latency = text(
  (value) => {
    const latencyMs = parseDuration(value);
    return latencyMs !== undefined && latencyMs <= longestLatencyMs ? latencyMs : undefined;
  },
  `${durationForm}, up to ${formatDuration(longestLatencyMs)}`,
);

const matching = (pattern: RegExp, allowed: string): MemberKind<string> =>
  text((value) => (pattern.test(value) ? value : undefined), allowed);

const members = {
  service: matching(/^[\w-]{1,64}$/, "a service's name, such as dynamodb"),
  operation: matching(/^[\w*]{1,128}$/, "an operation's name, such as PutItem or Batch*"),
  region: matching(/^[a-z0-9-]{1,64}$/, "a region, such as us-east-1"),
  account: matching(/^\d{12}$/, "12 digits"),
  share,
  latency,
  jitter: latency,
  throttle: flag,
  error: matching(/^[\w.]{1,128}$/, "an error's code, such as InternalServerError"),
  message: matching(/^\P{Cc}{1,1000}$/u, "a line of up to 1000 characters"),
  status: whole(400, 599),
  disconnect: flag,
  late: flag,
  count: whole(1, 1_000_000_000),
  for: text(parseDuration, durationForm),
};

/** Faults: what is to befall calls, by service, operation, region, account and share. */
export const faults: OwnPage = {
  access: "owner",
  GET: ({ options: { kernel } }) => json(200, { faults: kernel.faults.list().map(factsOf) }),
  async POST({ options: { kernel }, body }) {
    const rule = ruleOf(membersOf(body, members), kernel.world.clock.nowMs());
    await checkTarget(kernel, rule);
    const fault = kernel.faults.add(rule);
    if (fault === undefined) {
      throw new PageProblem(409, `there are ${mostFaults} faults already; take some back first`);
    }
    return json(201, factsOf(fault));
  },
  DELETE({ options: { kernel }, item }) {
    if (item === undefined) kernel.faults.clear();
    else if (!kernel.faults.remove(item)) throw new PageProblem(404, `there is no fault ${item}`);
    return json(200, { faults: kernel.faults.list().map(factsOf) });
  },
};

type Asked = ReturnType<typeof membersOf<typeof members>>;

function ruleOf(asked: Asked, nowMs: number): FaultRule {
  const effect = effectOf(asked);
  const { latency: latencyMs = 0, jitter: jitterMs = 0 } = asked;
  if (effect === undefined && latencyMs === 0 && jitterMs === 0) {
    throw new PageProblem(400, "say what is to happen: latency, throttle, error or disconnect");
  }
  return {
    ...defined({
      service: asked.service,
      operation: asked.operation,
      region: asked.region,
      account: asked.account,
      count: asked.count,
      effect,
      untilMs: asked.for === undefined ? undefined : nowMs + asked.for,
    }),
    share: asked.share ?? 1,
    latencyMs,
    jitterMs,
    isLate: asked.late ?? false,
  };
}

function effectOf({
  throttle,
  error,
  message,
  status,
  disconnect,
}: Asked): FaultEffect | undefined {
  const effects: FaultEffect[] = [];
  if (throttle === true) effects.push({ kind: "throttle" });
  if (disconnect === true) effects.push({ kind: "disconnect" });
  if (error !== undefined)
    effects.push({ kind: "error", code: error, ...defined({ message, status }) });
  if (effects.length > 1) throw new PageProblem(400, "say one of throttle, error and disconnect");
  if (error === undefined && (message !== undefined || status !== undefined)) {
    throw new PageProblem(400, "message and status belong to an error: say which");
  }
  return effects[0];
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

function defined<T extends object>(members_: T): Defined<T> {
  const pairs = Object.entries(members_).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs) as Defined<T>;
}

/** A fault that nothing can ever meet is a misspelt one. */
async function checkTarget(kernel: Kernel, { service, operation }: FaultRule): Promise<void> {
  const services = [...kernel.services.keys()];
  if (service !== undefined && !kernel.services.has(service)) {
    throw new PageProblem(400, `there is no service ${service}; ${hintOf(service, services)}`);
  }
  if (operation === undefined) return;
  const names: string[] = [];
  for (const name of service === undefined ? services : [service]) {
    names.push(...((await loadServiceModel(name))?.operationNames ?? []));
  }
  const pattern = patternOf(operation);
  if (names.some((name) => pattern.test(name))) return;
  const of = service === undefined ? "" : ` of ${service}`;
  throw new PageProblem(
    400,
    `there is no operation ${operation}${of}; ${hintOf(operation, names)}`,
  );
}

function hintOf(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  if (meant !== undefined) return `did you mean ${meant}?`;
  return known.length <= 20 ? `there are ${known.join(", ")}` : "names are as in AWS's API";
}

/** As it was asked for, with its id and what has come of it. */
function factsOf({ id, rule, strikes }: Fault): object {
  const { effect } = rule;
  return {
    id,
    service: rule.service,
    operation: rule.operation,
    region: rule.region,
    account: rule.account,
    share: rule.share,
    latency: rule.latencyMs === 0 ? undefined : formatDuration(rule.latencyMs),
    jitter: rule.jitterMs === 0 ? undefined : formatDuration(rule.jitterMs),
    throttle: effect?.kind === "throttle" ? true : undefined,
    disconnect: effect?.kind === "disconnect" ? true : undefined,
    ...(effect?.kind === "error"
      ? { error: effect.code, message: effect.message, status: effect.status }
      : {}),
    late: rule.isLate ? true : undefined,
    count: rule.count,
    until: rule.untilMs === undefined ? undefined : new Date(rule.untilMs).toISOString(),
    strikes,
  };
}
