import { entryOf, type Image, nameOf, passingIndex, type Value } from "./designs.ts";
import type { State, TableState } from "./model.ts";
import type { ReadStep } from "./steps.ts";

/** What came of a read: its output without the wire's wrapping, or the code of its error. */
export type ReadAnswer = { readonly output: ReadOutput } | { readonly code: string };

interface ReadOutput {
  readonly Item?: Image;
  readonly Items?: readonly Image[];
  readonly Responses?:
    | readonly { readonly Item?: Image }[]
    | Readonly<Record<string, readonly Image[]>>;
  readonly LastEvaluatedKey?: Image;
}

/** Whether a read of this state may be answered so. */
export function isAnswerIn(state: State, step: ReadStep, answer: ReadAnswer): boolean {
  const table = state.tables.get(step.table);
  if ("code" in answer) return isRefusal(table, step, answer.code);
  if (table === undefined || table.phase === "deleting") return false;
  const { output } = answer;
  switch (step.operation) {
    case "GetItem":
      return isSame(output.Item, table.items.get(nameOf(step.key)));
    case "TransactGetItems": {
      const responses = output.Responses as readonly { readonly Item?: Image }[];
      return step.keys.every((key, at) =>
        isSame(responses[at]?.Item, table.items.get(nameOf(key))),
      );
    }
    case "BatchGetItem": {
      const responses = output.Responses as Readonly<Record<string, readonly Image[]>>;
      const due = step.keys.map((key) => table.items.get(nameOf(key)));
      return areSame(
        responses[step.table] ?? [],
        due.filter((item) => item !== undefined),
      );
    }
    case "Scan": {
      const due = imagesOf(table, step.index);
      return due !== undefined && areSame(output.Items ?? [], due);
    }
    case "Query":
      return isPage(table, step, output);
  }
}

function isRefusal(table: TableState | undefined, step: ReadStep, code: string): boolean {
  if (code === "ResourceNotFoundException") return table === undefined || table.phase !== "active";
  const index = step.operation === "Query" || step.operation === "Scan" ? step.index : undefined;
  return code === "ValidationException" && index === passingIndex && table?.passing !== "active";
}

/** What a table or an index holds; undefined if it cannot be read. */
function imagesOf(
  table: TableState,
  index: Extract<ReadStep, { operation: "Query" }>["index"],
): Image[] | undefined {
  const items = [...table.items.values()];
  if (index === undefined) return items;
  if (index === passingIndex && table.passing !== "active" && table.passing !== "creating") {
    return undefined;
  }
  return items.map((item) => entryOf(index, item)).filter((entry) => entry !== undefined);
}

function isPage(
  table: TableState,
  step: Extract<ReadStep, { operation: "Query" }>,
  output: ReadOutput,
): boolean {
  const { index, isBackward, limit = Infinity, behind } = step;
  const all = imagesOf(table, index);
  if (all === undefined) return false;
  const [partitionName] = index?.key[0] ?? ["pk"];
  const [sortName] = index === undefined ? ["sk"] : (index.key[1] ?? [undefined]);
  const direction = isBackward ? -1 : 1;
  const order = (one: Image, other: Image): number =>
    sortName === undefined ? 0 : direction * compare(one[sortName], other[sortName]);
  const due = all
    .filter((image) => isSame(image[partitionName], step.partition))
    .filter((image) => behind === undefined || order(image, behind) > 0);
  const page = output.Items ?? [];
  if (page.length !== Math.min(limit, due.length)) return false;
  // A page that is full does not know whether more comes.
  if (page.length < limit && output.LastEvaluatedKey !== undefined) return false;
  const left = new Map(due.map((image) => [nameOf(image), image]));
  for (const [position, image] of page.entries()) {
    const next = page[position + 1];
    if (next !== undefined && order(image, next) > 0) return false;
    if (!isSame(image, left.get(nameOf(image)))) return false;
    left.delete(nameOf(image));
  }
  const last = page.at(-1);
  return last === undefined || [...left.values()].every((image) => order(last, image) <= 0);
}

function compare(one: Value | undefined, other: Value | undefined): number {
  if (one === undefined || other === undefined) return 0;
  if ("N" in one && "N" in other) return Number(one.N) - Number(other.N);
  const [left, right] = ["S" in one ? one.S : "", "S" in other ? other.S : ""];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The same text for the same image or value, whatever the order of its attributes. */
export function textOf(image: Image | Value | undefined): string {
  if (image === undefined) return "nothing";
  return JSON.stringify(Object.entries(image).sort(([one], [other]) => (one < other ? -1 : 1)));
}

export function isSame(one: Image | Value | undefined, other: Image | Value | undefined): boolean {
  return one === other || textOf(one) === textOf(other);
}

export function areSame(some: readonly Image[], others: readonly Image[]): boolean {
  if (some.length !== others.length) return false;
  const texts = new Set(some.map(textOf));
  return texts.size === some.length && others.every((image) => texts.has(textOf(image)));
}
