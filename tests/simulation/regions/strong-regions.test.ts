import assert from "node:assert/strict";
import test from "node:test";
import { ServiceError } from "#kernel/errors.ts";
import { seededRandom } from "#world/seeded-random.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { drive, isGone, type Machine, originOf, startSomehow } from "../machine.ts";

const TableName = "strong";
const regions = ["us-east-1", "us-west-2", "us-east-2"] as const;
type Region = (typeof regions)[number];
const items = 5;

interface Outcome {
  writes: number;
  reads: number;
  refused: number;
  crashes: number;
}

/**
 * One request after the other, each in any region, while regions are cut from each other and the machine crashes: a
 * strong read that is answered at all shows the last write that was acknowledged, wherever that was made.
 */
async function runSeed(seed: number, hasWitness: boolean): Promise<Outcome> {
  const random = seededRandom(seed);
  const outcome: Outcome = { writes: 0, reads: 0, refused: 0, crashes: 0 };
  const problems: string[] = [];
  const onProblem = (text: string): void => void problems.push(text);
  let machine: Machine = await startSomehow(simulatedWorld({ seed }), random, onProblem);
  const call = (region: Region, operation: string, input: object): Promise<unknown> =>
    drive(
      machine.world,
      random,
      machine.kernel.call(originOf(operation, "dynamodb", region), input),
    );
  const untilActive = async (): Promise<void> => {
    for (let status = ""; status !== "ACTIVE";) {
      const answer = await call(regions[0], "DescribeTable", { TableName });
      const { Table } = answer as { Table: { TableStatus: string } };
      status = Table.TableStatus;
    }
  };
  await call(regions[0], "CreateTable", {
    TableName,
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  await untilActive();
  const [, second, third] = regions;
  await call(regions[0], "UpdateTable", {
    TableName,
    MultiRegionConsistency: "STRONG",
    ReplicaUpdates: (hasWitness ? [second] : [second, third]).map((RegionName) => ({
      Create: { RegionName },
    })),
    GlobalTableWitnessUpdates: hasWitness ? [{ Create: { RegionName: third } }] : undefined,
  });
  await untilActive();
  const serving = hasWitness ? regions.slice(0, 2) : regions;
  /** What may be read: one version, or two after a write that a crash cut off. */
  const possible = new Map<string, readonly (string | undefined)[]>();
  for (let step = 0; step < 150; step += 1) {
    const luck = random.below(100);
    const region = serving[random.below(serving.length)]!;
    const pk = `item ${random.below(items)}`;
    const Key = { pk: { S: pk } };
    const known = possible.get(pk) ?? [undefined];
    const begun: (string | undefined)[] = [];
    try {
      if (luck < 40) {
        const version = random.chance(0.2) ? undefined : String(step);
        begun.push(version);
        if (version === undefined) await call(region, "DeleteItem", { TableName, Key });
        else await call(region, "PutItem", { TableName, Item: { ...Key, v: { S: version } } });
        possible.set(pk, [version]);
        outcome.writes += 1;
      } else if (luck < 80) {
        const answer = await call(region, "GetItem", { TableName, Key, ConsistentRead: true });
        const { Item } = JSON.parse(JSON.stringify(answer)) as { Item?: { v: { S: string } } };
        const found = Item?.v.S;
        assert(
          known.includes(found),
          `seed ${seed}, step ${step}: ${pk} is ${found}, not ${known.join(" or ")}`,
        );
        possible.set(pk, [found]);
        outcome.reads += 1;
      } else if (luck < 94) {
        const [one, other] = [regions[random.below(3)]!, regions[random.below(3)]!];
        const { links } = machine.kernel;
        if (one === other) links.healAll();
        else if (random.chance(0.6)) links.cut(one, other);
        else links.heal(one, other);
      } else {
        machine.world.files.haltAfter(random.below(8));
        begun.push(String(step));
        await call(region, "PutItem", { TableName, Item: { ...Key, v: { S: String(step) } } });
        possible.set(pk, [String(step)]);
      }
    } catch (error) {
      if (error instanceof ServiceError && error.code === "ServiceUnavailable") {
        outcome.refused += 1;
      } else if (isGone(error)) {
        possible.set(pk, [...known, ...begun]);
      } else {
        throw error;
      }
    }
    if (machine.world.hasStopped) {
      outcome.crashes += 1;
      // A server that starts again finds its regions connected.
      machine = await startSomehow(machine.world.crash(), random, onProblem);
    }
    machine.world.files.haltAfter(Infinity);
  }
  assert.deepEqual(problems, []);
  await drive(machine.world, random, machine.kernel.stop());
  return outcome;
}

for (const hasWitness of [false, true]) {
  const kind = hasWitness ? "two replicas and a witness" : "three replicas";
  test(`a strong read shows the last write that was acknowledged, or is refused (${kind})`, async (t) => {
    const total: Outcome = { writes: 0, reads: 0, refused: 0, crashes: 0 };
    for (let seed = 0; seed < 20; seed += 1) {
      const outcome = await runSeed(seed, hasWitness);
      for (const name of Object.keys(total) as (keyof Outcome)[]) total[name] += outcome[name];
    }
    t.diagnostic(JSON.stringify(total));
    // The test tests.
    assert(total.refused > 50 && total.crashes > 20 && total.reads > 200, JSON.stringify(total));
  });
}
