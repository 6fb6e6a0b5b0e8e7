/** What clients saw of one object: a few registers, each of which holds a number or nothing. See checker/main.go. */
export interface ObjectHistory {
  readonly name: string;
  readonly registers: number;
  readonly operations: readonly Operation[];
}

export interface Operation extends Request {
  readonly client: number;
  /** Nanoseconds of one clock. */
  readonly call: number;
  /** None if nobody saw how it ended: it may take effect at any time later, or never. */
  readonly return?: number;
  readonly output?: Outcome;
}

/** Reads or writes registers, all at one moment. */
export interface Request {
  readonly reads: readonly number[];
  readonly writes: readonly Write[];
}

export interface Write {
  readonly register: number;
  readonly kind: "put" | "add" | "delete" | "check";
  readonly number: number;
  readonly hasCondition: boolean;
  /** What the register must hold; null: nothing. */
  readonly expected: number | null;
}

export interface Outcome {
  /** Of reads, in their order. */
  readonly values?: readonly (number | null)[];
  /** Of writes: whether all conditions held, and if not, which did not. */
  readonly applied?: boolean;
  readonly failed?: readonly boolean[];
  /** Of single writes: what the answer says. */
  readonly hasBefore?: boolean;
  readonly before?: number | null;
  readonly hasAfter?: boolean;
  readonly after?: number | null;
}

export const read = (...reads: number[]): Request => ({ reads, writes: [] });
export const write = (...writes: Write[]): Request => ({ reads: [], writes });

/** `expected`: undefined makes no condition. */
export function change(
  register: number,
  kind: Write["kind"],
  number = 0,
  expected?: number | null,
): Write {
  return {
    register,
    kind,
    number,
    hasCondition: expected !== undefined,
    expected: expected ?? null,
  };
}
