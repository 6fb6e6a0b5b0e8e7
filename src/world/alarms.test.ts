import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Alarms } from "./alarms.ts";
import type { Alarm } from "./alarms.ts";
import { seededRandom } from "./seeded-random.ts";

describe("Alarms", () => {
  test("come out by time, equal ones in the order in which they were set, without the cancelled", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const random = seededRandom(seed);
      const alarms = new Alarms();
      const waiting: { alarm: Alarm; id: number }[] = [];
      const rung: number[] = [];
      for (let id = 0; id < 300; id += 1) {
        const alarm = alarms.add(random.below(40), () => rung.push(id));
        waiting.push({ alarm, id });
        if (random.chance(0.6)) {
          const [gone] = waiting.splice(random.below(waiting.length), 1);
          alarms.cancel(gone!.alarm);
        }
      }
      const expected = waiting
        .sort((left, right) => left.alarm.atMs - right.alarm.atMs || left.id - right.id)
        .map(({ id }) => id);
      for (let alarm = alarms.takeDue(40); alarm; alarm = alarms.takeDue(40)) alarm.wake();
      assert.deepEqual(rung, expected, `seed ${seed}`);
    }
  });

  test("that are set anew again and again take no more memory than those that stand", () => {
    const alarms = new Alarms();
    for (let id = 0; id < 10; id += 1) alarms.add(id, () => undefined);
    for (let turn = 0; turn < 100_000; turn += 1) alarms.cancel(alarms.add(1e9, () => undefined));
    assert.ok(alarms.size < 100, `${alarms.size} are kept`);
  });

  test("can be cancelled after they were taken out, and then do not go back in", () => {
    const alarms = new Alarms();
    const alarm = alarms.add(1, () => undefined);
    assert.equal(alarms.takeDue(0), undefined);
    assert.equal(alarms.takeDue(1), alarm);
    alarms.cancel(alarm);
    alarms.putBack(alarm);
    assert.equal(alarms.takeDue(1), undefined);
  });
});
