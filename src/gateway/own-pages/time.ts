import { durationForm, formatDuration, parseSignedDuration } from "#base/durations.ts";
import { ClockOutOfRange, type ClockReading } from "#kernel/server-clock.ts";
import { flag, membersOf, text } from "./members.ts";
import { json, PageProblem, type OwnPage } from "./page.ts";

/** How long an answer waits at most for what became due. */
const longestWaitMs = 30_000;

const members = {
  move: text(parseSignedDuration, `+ or - and ${durationForm}`),
  set: text(parseInstant, "a time such as 2027-01-01T00:00:00Z"),
  reset: flag,
  frozen: flag,
};

/** The server's clock: reads it and moves it. A move is answered when what it made due has been done. */
export const time: OwnPage = {
  access: "owner",
  GET: ({ options: { kernel } }) => json(200, clockFacts(kernel.clock.read())),
  async POST({ options: { kernel }, body }) {
    const { move: moveMs, set: setMs, reset, frozen } = membersOf(body, members);
    const ways = [moveMs, setMs, reset === true ? true : undefined];
    const count = ways.filter((way) => way !== undefined).length;
    if (count > 1 || (count === 0 && frozen === undefined)) {
      throw new PageProblem(400, "say one of move, set and reset, or frozen, or one and frozen");
    }
    try {
      await kernel.clock.change({
        ...(moveMs === undefined ? {} : { moveMs }),
        ...(setMs === undefined ? {} : { setMs }),
        ...(reset === undefined ? {} : { reset }),
        ...(frozen === undefined ? {} : { frozen }),
      });
    } catch (error) {
      if (error instanceof ClockOutOfRange) throw new PageProblem(400, error.message);
      throw error;
    }
    const settled = await kernel.settled(longestWaitMs);
    return json(200, { ...clockFacts(kernel.clock.read()), settled });
  },
};

/** As clients read it: times in ISO 8601, durations with their units. */
export function clockFacts({ nowMs, machineMs, isFrozen }: ClockReading): object {
  const offsetMs = nowMs - machineMs;
  // Two looks at one clock may be a millisecond apart.
  const isMoved = Math.abs(offsetMs) > 1;
  const sign = offsetMs < 0 ? "-" : "+";
  return {
    now: new Date(nowMs).toISOString(),
    machine: new Date(machineMs).toISOString(),
    offset: isMoved ? `${sign}${formatDuration(Math.abs(offsetMs))}` : "+0s",
    frozen: isFrozen,
  };
}

function parseInstant(value: string): number | undefined {
  // Without a zone it would be this machine's zone, which nobody at a client knows.
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
  const instantMs = form.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(instantMs) ? undefined : instantMs;
}
