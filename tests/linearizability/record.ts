import { Agent } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { ServerProcess } from "../support/server-process.ts";
import {
  change,
  type ObjectHistory,
  type Operation,
  read,
  type Request,
  write,
} from "./history.ts";
import { inputOf, outcomeOf, tableInput } from "./registers.ts";
import { type Answer, call } from "./wire.ts";

const clients = 16;
/** How many objects there are of each size. */
const objectsBySize = [
  [1, 8],
  [3, 8],
] as const;

export interface RecordOptions {
  readonly seed: number;
  /** How long the server lives each time; it is killed at the end of each but the last. */
  readonly livesMs: readonly number[];
}

/** Lets many clients work on few objects, over HTTP, across kills of the server; answers what they saw. */
export async function record(options: RecordOptions): Promise<ObjectHistory[]> {
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-linearizability-"));
  try {
    return await new Recording(options, dataFolder).run();
  } finally {
    await rm(dataFolder, { recursive: true });
  }
}

interface RecordedObject extends ObjectHistory {
  readonly operations: Operation[];
  /** The last number that anybody saw or wrote there: conditions on it have a chance to hold. */
  readonly lastSeen: (number | null)[];
}

class Recording {
  readonly #options: RecordOptions;
  readonly #dataFolder: string;
  readonly #objects: readonly RecordedObject[];
  readonly #startedAt = process.hrtime.bigint();
  #numbers = 0;

  constructor(options: RecordOptions, dataFolder: string) {
    this.#options = options;
    this.#dataFolder = dataFolder;
    this.#objects = objectsBySize.flatMap(([registers, count]) =>
      Array.from({ length: count }, (_, number) => ({
        name: `${registers} ${number}`,
        registers,
        operations: [],
        lastSeen: Array.from({ length: registers }, () => null),
      })),
    );
  }

  async run(): Promise<ObjectHistory[]> {
    const random = seededRandom(this.#options.seed);
    for (const lifeMs of this.#options.livesMs) {
      const server = new ServerProcess(this.#dataFolder);
      const agent = new Agent({ keepAlive: true, maxSockets: clients });
      try {
        const endpoint = await server.ready;
        await prepare(endpoint, agent);
        const life = { isOver: false };
        const working = Promise.all(
          Array.from({ length: clients }, (_, client) =>
            this.#work(client, seededRandom(random.below(2 ** 32)), life, (operation, input) =>
              call(endpoint, agent, operation, input),
            ),
          ),
        );
        // Looked at below, when the server is gone.
        working.catch(() => undefined);
        await delay(lifeMs);
        life.isOver = true;
        await server.kill();
        await working;
      } finally {
        agent.destroy();
        await server.kill();
      }
    }
    return this.#objects.map(({ name, registers, operations }) => ({
      name,
      registers,
      operations,
    }));
  }

  async #work(
    client: number,
    random: SeededRandom,
    life: { readonly isOver: boolean },
    send: (operation: string, input: unknown) => Promise<Answer>,
  ): Promise<void> {
    while (!life.isOver) {
      const object = this.#objects[random.below(this.#objects.length)]!;
      const request = this.#request(object, random);
      const { operation, input } = inputOf(object.name, request);
      const callAt = this.#now();
      let answer: Answer;
      try {
        answer = await send(operation, input);
      } catch (error) {
        if (!life.isOver) throw error;
        object.operations.push({ ...request, client, call: callAt });
        return;
      }
      const returnAt = this.#now();
      const output = outcomeOf(request, answer);
      if (output === undefined) continue;
      object.operations.push({ ...request, client, call: callAt, return: returnAt, output });
      see(object, request, output.values);
    }
  }

  #now(): number {
    return Number(process.hrtime.bigint() - this.#startedAt);
  }

  #request(object: RecordedObject, random: SeededRandom): Request {
    const { registers } = object;
    const one = random.below(registers);
    const isSingle = registers === 1 || random.chance(0.3);
    if (random.chance(0.4)) {
      return isSingle ? read(one) : read(...Array.from({ length: registers }, (_, at) => at));
    }
    if (isSingle) return write(this.#change(object, one, random));
    const other = (one + 1 + random.below(registers - 1)) % registers;
    const changes = [this.#change(object, one, random), this.#change(object, other, random)];
    if (random.chance(0.2)) {
      const third = registers - one - other;
      changes.push(change(third, "check", 0, object.lastSeen[third]));
    }
    return write(...changes);
  }

  #change(object: RecordedObject, register: number, random: SeededRandom) {
    const expected = random.chance(0.4) ? object.lastSeen[register] : undefined;
    const luck = random.below(10);
    if (luck < 5) {
      // No number is put twice: so a read names the write that it saw.
      this.#numbers += 1000;
      return change(register, "put", this.#numbers, expected);
    }
    return luck < 8
      ? change(register, "add", 1, expected)
      : change(register, "delete", 0, expected);
  }
}

function see(
  object: RecordedObject,
  request: Request,
  values: readonly (number | null)[] = [],
): void {
  request.reads.forEach((register, at) => (object.lastSeen[register] = values[at] ?? null));
  for (const { register, kind, number } of request.writes) {
    if (kind === "put") object.lastSeen[register] = number;
    if (kind === "delete") object.lastSeen[register] = null;
  }
}

async function prepare(endpoint: string, agent: Agent): Promise<void> {
  await call(endpoint, agent, "CreateTable", tableInput);
  for (;;) {
    const { json } = await call(endpoint, agent, "DescribeTable", {
      TableName: tableInput.TableName,
    });
    if ((json["Table"] as { TableStatus: string }).TableStatus === "ACTIVE") return;
  }
}
