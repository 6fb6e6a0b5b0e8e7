import { detached, type LogEvent } from "../events/event-block.ts";
import { discoveredFields, objectIn } from "../events/fields.ts";
import { type Place } from "../events/tokens.ts";
import { lambdaFields } from "./lambda-fields.ts";
import { Instant, type Value } from "./query.ts";

/** What commands work on: an event, or a group of them. */
export interface Row {
  /** Of an event. */
  readonly timestampMs: number | undefined;
  get(name: string): Value;
  set(name: string, value: Value): void;
  /** Keeps the row for longer than its block. */
  keep(): void;
}

/** Where an event is from. */
export interface Origin {
  /** Of the stream. */
  readonly stream: string;
  readonly streamNumber: number;
  /** `account:group` */
  readonly log: string;
  readonly group: string;
}

const nothing = {};

export class EventRow implements Row {
  readonly #event: LogEvent;
  readonly #origin: Origin;
  #message: string;
  #derived: Map<string, Value> | undefined;
  #discovered: ReadonlyMap<string, string> | undefined;
  #hasLooked = false;
  #object: object | undefined;

  constructor(event: LogEvent, origin: Origin) {
    this.#event = event;
    this.#origin = origin;
    this.#message = event.message;
  }

  get timestampMs(): number {
    return this.#event.timestampMs;
  }

  get(name: string): Value {
    const derived = this.#derived?.get(name);
    if (derived !== undefined) return derived;
    switch (name) {
      case "@message":
        return this.#message;
      case "@timestamp":
        return new Instant(this.#event.timestampMs);
      case "@ingestionTime":
        return new Instant(this.#event.ingestedMs);
      case "@logStream":
        return this.#origin.stream;
      case "@log":
        return this.#origin.log;
      case "@ptr":
        return pointerOf(this.#origin, this.#event);
      default:
        return this.#found(name);
    }
  }

  /** Most names are of an object's own members: the others need not be walked through for those. */
  #found(name: string): Value {
    this.#object ??= objectIn(this.#message) ?? nothing;
    const own = Object.hasOwn(this.#object, name)
      ? (this.#object as Record<string, unknown>)[name]
      : undefined;
    if (typeof own === "string") return own;
    if (typeof own === "number" || typeof own === "boolean") return String(own);
    if (this.#object !== nothing && !name.includes(".")) return undefined;
    return this.discovered?.get(name);
  }

  get discovered(): ReadonlyMap<string, string> | undefined {
    if (!this.#hasLooked) {
      this.#hasLooked = true;
      this.#discovered = discoveredFields(this.#message) ?? lambdaFields(this.#message);
    }
    return this.#discovered;
  }

  set(name: string, value: Value): void {
    (this.#derived ??= new Map()).set(name, value);
  }

  keep(): void {
    this.#message = detached(this.#message);
  }
}

/** A group of events after `stats` or `pattern`. */
export class GroupRow implements Row {
  readonly timestampMs = undefined;
  readonly #values: Map<string, Value>;

  constructor(values: Iterable<readonly [string, Value]>) {
    this.#values = new Map(values);
  }

  get(name: string): Value {
    return this.#values.get(name);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  keep(): void {
    // Its values are its own.
  }
}

export interface Pointer extends Place {
  readonly group: string;
  readonly streamName: string;
}

function pointerOf(origin: Origin, { timestampMs, sequence }: LogEvent): string {
  const { group, stream, streamNumber } = origin;
  return Buffer.from(JSON.stringify([group, stream, streamNumber, timestampMs, sequence])).toString(
    "base64",
  );
}

export function readPointer(text: string): Pointer | undefined {
  try {
    const [group, streamName, stream, timestampMs, sequence] = JSON.parse(
      Buffer.from(text, "base64").toString(),
    ) as [string, string, number, number, number];
    const isWhole = [stream, timestampMs, sequence].every(Number.isSafeInteger);
    return isWhole ? { group, streamName, stream, timestampMs, sequence } : undefined;
  } catch {
    return undefined;
  }
}
