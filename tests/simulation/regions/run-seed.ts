import { rootOf } from "#kernel/identity.ts";
import { type RegionCall, RegionUnreachable } from "#kernel/region-calls.ts";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { Problems } from "../../crash/problems.ts";
import { History } from "../../replication/history.ts";
import { checkStream } from "../../replication/stream.ts";
import { isGone, type Machine, nextTurn, originOf, startSomehow } from "../machine.ts";

/*
 * Three regions on two machines, which are peers: random writes of the same few items in all regions, while the links
 * between them are cut and slow, messages and answers are lost, and machines crash; replicas come and go meanwhile. In
 * the end all is healed: the regions must have the same, for each item what was written last, and each change of a
 * region once in its stream.
 */

const TableName = "global";
const regions = ["us-east-1", "us-west-2", "eu-west-1"] as const;
type Region = (typeof regions)[number];
/** Which machine serves which region. */
const machineOf: Readonly<Record<Region, number>> = {
  "us-east-1": 0,
  "us-west-2": 1,
  "eu-west-1": 1,
};
const items = 12;
const steps = 180;

export interface Outcome {
  writes: number;
  /** Writes of which nobody knows whether they were done. */
  unknown: number;
  crashes: number;
  cuts: number;
  lostMessages: number;
  streamRecords: number;
}

export async function runSeed(seed: number): Promise<Outcome> {
  const run = new Run(seed);
  await run.all();
  if (!run.problems.isEmpty) {
    throw new Error(`npm run simulate:regions -- --seed ${seed}\n${run.problems.toString()}`);
  }
  return run.outcome;
}

class Run {
  readonly problems = new Problems();
  readonly outcome: Outcome = {
    writes: 0,
    unknown: 0,
    crashes: 0,
    cuts: 0,
    lostMessages: 0,
    streamRecords: 0,
  };
  readonly #random: SeededRandom;
  readonly #history = new History();
  readonly #machines: (Machine | undefined)[] = [undefined, undefined];
  readonly #pending = new Set<Promise<void>>();
  #versions = 0;
  #isHealed = false;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
  }

  async all(): Promise<void> {
    for (const number of [0, 1]) {
      const world = simulatedWorld({ seed: this.#seed * 2 + number });
      this.#machines[number] = await this.#boot(number, world);
    }
    await this.#prepare();
    for (let step = 0; step < steps; step += 1) await this.#step(step);
    await this.#drain();
    this.#heal();
    const content = await this.#converge();
    for (const name of this.#history.names()) {
      this.#history.check(name, content.get(name), this.problems);
    }
    await this.#checkStreams(content);
    this.outcome.writes = this.#history.acknowledged;
    for (const machine of this.#machines) await this.#drive(machine!.kernel.stop());
  }

  #boot(number: number, world: ReturnType<typeof simulatedWorld>): Promise<Machine> {
    return startSomehow(world, this.#random, (text) => this.problems.add("answer", text), {
      urlOf: (region) =>
        machineOf[region as Region] === number ? undefined : `machine ${1 - number}`,
      call: (_url, call) => this.#deliver(1 - number, call),
    });
  }

  /** A message to the other machine, which may not arrive, or whose answer may not. */
  async #deliver(to: number, call: RegionCall): Promise<unknown> {
    const lost = (): RegionUnreachable => {
      this.outcome.lostMessages += 1;
      return new RegionUnreachable("lost");
    };
    await nextTurn();
    if (!this.#isHealed && this.#random.chance(0.1)) throw lost();
    const machine = this.#machines[to];
    if (machine === undefined || machine.world.hasStopped) throw lost();
    let answer: unknown;
    try {
      const sent = JSON.parse(JSON.stringify(call)) as RegionCall;
      answer = await machine.kernel.regionCalls.receive(sent);
    } catch (error) {
      if (isGone(error) || error instanceof RegionUnreachable) throw lost();
      throw error;
    }
    if (!this.#isHealed && this.#random.chance(0.1)) throw lost();
    return answer === undefined ? undefined : (JSON.parse(JSON.stringify(answer)) as unknown);
  }

  async #prepare(): Promise<void> {
    const [east, ...others] = regions;
    await this.#call(east, "CreateTable", {
      TableName,
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    });
    await this.#untilActive(east);
    for (let name = 0; name < items; name += 2) await this.#write(east, `item ${name}`, false);
    for (const region of others) {
      const ReplicaUpdates = [{ Create: { RegionName: region } }];
      await this.#call(east, "UpdateTable", { TableName, ReplicaUpdates });
      for (const each of [east, ...others.slice(0, others.indexOf(region) + 1)]) {
        await this.#untilActive(each);
      }
    }
  }

  async #step(step: number): Promise<void> {
    const luck = this.#random.below(100);
    if (luck < 70) {
      this.#beginWrite(regions[this.#random.below(3)]!);
      if (this.#random.chance(0.5)) await this.#pass();
    } else if (luck < 80) {
      this.#link();
    } else if (luck < 97) {
      for (let turns = this.#random.below(60); turns > 0; turns -= 1) await this.#pass();
    } else if (step > 10) {
      await this.#crash(this.#random.below(2));
    }
  }

  #beginWrite(region: Region): void {
    const isDeleted = this.#random.chance(0.25);
    const write = this.#write(region, `item ${this.#random.below(items)}`, isDeleted);
    this.#pending.add(write);
    void write.finally(() => this.#pending.delete(write));
  }

  /** Cuts, heals or slows the link between two regions, on both machines alike. */
  #link(): void {
    const one = regions[this.#random.below(3)]!;
    const other = regions[this.#random.below(3)]!;
    if (one === other) return;
    const isCut = this.#random.chance(0.4);
    const delayMs = this.#random.chance(0.5) ? this.#random.below(3_000) : 0;
    for (const machine of this.#machines) {
      const { links } = machine!.kernel;
      if (isCut) links.cut(one, other);
      else links.heal(one, other);
      links.delay(one, other, delayMs);
    }
    if (isCut) this.outcome.cuts += 1;
  }

  async #crash(number: number): Promise<void> {
    const machine = this.#machines[number]!;
    if (this.#random.chance(0.5)) machine.world.files.haltAfter(this.#random.below(30));
    for (let turns = 0; turns < 40 && !machine.world.hasStopped; turns += 1) await this.#pass();
    for (const region of regions) if (machineOf[region] === number) this.#beginWrite(region);
    for (let turns = this.#random.below(6); turns > 0; turns -= 1) await nextTurn();
    this.#machines[number] = undefined;
    this.outcome.crashes += 1;
    const next = machine.world.crash();
    await this.#drain();
    const links = machine.kernel.links.list();
    const booted = await this.#boot(number, next);
    for (const { regions: pair, isCut, delayMs } of links) {
      if (isCut) booted.kernel.links.cut(...pair);
      booted.kernel.links.delay(...pair, delayMs);
    }
    this.#machines[number] = booted;
    // History is told by one clock.
    const latestMs = Math.max(...this.#machines.map((one) => one!.world.clock.nowMs()));
    for (const one of this.#machines) {
      await one!.world.clock.advance(latestMs - one!.world.clock.nowMs());
    }
  }

  async #write(region: Region, name: string, isDeleted: boolean): Promise<void> {
    const machine = this.#machines[machineOf[region]];
    if (machine === undefined) return;
    const { clock } = machine.world;
    const version = isDeleted ? undefined : String((this.#versions += 1));
    const write = this.#history.begin(name, region, version, clock.nowMs());
    const Key = { pk: { S: name } };
    const request =
      version === undefined
        ? this.#call(region, "DeleteItem", { TableName, Key, ReturnValues: "ALL_OLD" })
        : this.#call(region, "PutItem", { TableName, Item: { ...Key, version: { S: version } } });
    try {
      const { Attributes } = (await request) as { Attributes?: unknown };
      if (isDeleted && Attributes === undefined) this.#history.forget(name, write);
      else this.#history.end(write, clock.nowMs());
    } catch (error) {
      if (!isGone(error)) this.problems.add("answer", String(error));
      this.outcome.unknown += 1;
    }
  }

  #call(region: Region, operation: string, input: object, isStreams = false): Promise<unknown> {
    const machine = this.#machines[machineOf[region]]!;
    const service = isStreams ? "dynamodbstreams" : "dynamodb";
    const origin = { ...originOf(operation, service, region), caller: rootOf("000000000000") };
    return this.#drive(machine.kernel.call(origin, input));
  }

  /** Time passes on both machines alike. */
  async #pass(): Promise<void> {
    await nextTurn();
    const ms = this.#random.below(12);
    for (const machine of this.#machines) await machine?.world.clock.advance(ms);
  }

  async #drive<T>(work: Promise<T>): Promise<T> {
    const progress = { isDone: false };
    const ended = work.finally(() => (progress.isDone = true));
    ended.catch(() => undefined);
    while (!progress.isDone) await this.#pass();
    return ended;
  }

  async #drain(): Promise<void> {
    while (this.#pending.size > 0) await this.#pass();
  }

  #heal(): void {
    this.#isHealed = true;
    for (const machine of this.#machines) machine!.kernel.links.healAll();
  }

  async #untilActive(region: Region): Promise<void> {
    for (let turns = 0; turns < 5_000; turns += 1) {
      const answer = (await this.#call(region, "DescribeTable", { TableName })) as {
        Table: { TableStatus: string; Replicas?: { ReplicaStatus: string }[] };
      };
      const { TableStatus, Replicas = [] } = answer.Table;
      if ([TableStatus, ...Replicas.map((one) => one.ReplicaStatus)].every(isActive)) return;
      await this.#pass();
    }
    this.problems.add("stuck", `${region} did not become ACTIVE`);
  }

  async #converge(): Promise<Map<string, string>> {
    let contents: Map<string, string>[] = [];
    for (let times = 0; times < 60; times += 1) {
      for (let turns = 0; turns < 100; turns += 1) await this.#pass();
      contents = [];
      for (const region of regions) contents.push(await this.#content(region));
      const [first, ...others] = contents.map((content) => JSON.stringify([...content]));
      if (others.every((other) => other === first)) return contents[0]!;
    }
    this.problems.add("lost", `the regions differ: ${JSON.stringify(contents.map((c) => [...c]))}`);
    return contents[0]!;
  }

  async #content(region: Region): Promise<Map<string, string>> {
    const { Items } = (await this.#call(region, "Scan", { TableName })) as { Items: unknown[] };
    const entries = Items.map((item) => {
      const { pk, version } = JSON.parse(JSON.stringify(item)) as Record<string, { S: string }>;
      return [pk!.S, version!.S] as const;
    });
    return new Map(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  async #checkStreams(content: ReadonlyMap<string, string>): Promise<void> {
    for (const region of regions) {
      const answer = (await this.#call(region, "DescribeTable", { TableName })) as {
        Table: { LatestStreamArn: string };
      };
      const before = region === regions[0] ? evenItems() : new Map<string, string>();
      this.outcome.streamRecords += await checkStream(
        {
          region,
          streamArn: answer.Table.LatestStreamArn,
          ask: async (operation, body) =>
            JSON.parse(JSON.stringify(await this.#call(region, operation, body, true))) as unknown,
        },
        content,
        this.problems,
        before,
      );
    }
  }
}

const isActive = (status: string): boolean => status === "ACTIVE";

/** What the first region had before it had a stream. */
function evenItems(): Map<string, string> {
  return new Map(
    Array.from({ length: items / 2 }, (_, at) => [`item ${at * 2}`, String(at + 1)] as const),
  );
}
