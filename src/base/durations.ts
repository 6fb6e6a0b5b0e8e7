/** Durations as people write them: "36h", "1d 12h", "1.5s", "500ms". Units: w d h m s ms. */

const unitsMs = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

const term = /^(\d{1,12}(?:\.\d{1,6})?)(ms|[wdhms])\s*/;

/** What is allowed, to finish the sentence "... must be". */
export const durationForm = "a duration such as 90s, 36h or 1d12h (units: w d h m s ms)";

/** Whole milliseconds, or undefined for what is no duration. A bare number is none: its unit would be a guess. */
export function parseDuration(text: string): number | undefined {
  let rest = text.trim();
  let totalMs = 0;
  if (rest === "") return undefined;
  while (rest !== "") {
    const found = term.exec(rest);
    if (found === null) return undefined;
    totalMs += Number(found[1]) * unitsMs[found[2] as keyof typeof unitsMs];
    rest = rest.slice(found[0].length);
  }
  return Number.isSafeInteger(Math.round(totalMs)) ? Math.round(totalMs) : undefined;
}

/** With a sign in front: "+36h", "-2h". */
export function parseSignedDuration(text: string): number | undefined {
  const found = /^\s*([+-])(.*)$/.exec(text);
  if (found === null) return undefined;
  const durationMs = parseDuration(found[2]!);
  if (durationMs === undefined) return undefined;
  return found[1] === "-" ? 0 - durationMs : durationMs;
}

/** "1d12h" for whole milliseconds from 0 on; parseDuration reads it back. */
export function formatDuration(durationMs: number): string {
  let restMs = durationMs;
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const) {
    const count = Math.floor(restMs / unitsMs[unit]);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitsMs[unit];
  }
  return text === "" ? "0s" : text;
}
