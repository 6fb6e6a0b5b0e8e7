/*
 * CSV as RFC 4180 has it, with a delimiter of one's choice, taken apart line by line: a quoted value may go on in the next
 * line.
 */
export class CsvReader {
  readonly #delimiter: string;
  /** Of a record whose last value is still open. */
  #values: string[] = [];
  #open: string | undefined;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  /** The values of the record that ends with this line; undefined: it goes on. */
  read(line: string): readonly string[] | undefined {
    let at = 0;
    if (this.#open !== undefined) {
      const end = this.#quoted(line, 0, `${this.#open}\n`);
      if (end === undefined) return undefined;
      at = end;
    }
    while (at <= line.length) {
      if (line[at] === '"') {
        const end = this.#quoted(line, at + 1, "");
        if (end === undefined) return undefined;
        at = end;
      } else {
        const end = line.indexOf(this.#delimiter, at);
        const stop = end === -1 ? line.length : end;
        this.#values.push(line.slice(at, stop));
        at = stop + 1;
      }
    }
    const values = this.#values;
    this.#values = [];
    return values;
  }

  /** Whether a quoted value has not come to its end. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Reads on within quotes; answers where the next value begins. */
  #quoted(line: string, from: number, before: string): number | undefined {
    let value = before;
    let at = from;
    for (;;) {
      const quote = line.indexOf('"', at);
      if (quote === -1) {
        this.#open = value + line.slice(at);
        return undefined;
      }
      value += line.slice(at, quote);
      if (line[quote + 1] !== '"') {
        // What stands between the closing quote and the delimiter belongs to the value.
        const end = line.indexOf(this.#delimiter, quote + 1);
        const stop = end === -1 ? line.length : end;
        this.#values.push(value + line.slice(quote + 1, stop));
        this.#open = undefined;
        return stop + 1;
      }
      value += '"';
      at = quote + 2;
    }
  }
}
