import { type ParsedStatement, parseStatement } from "./parse-statement.ts";

/** Of the texts of one generation; two generations are kept. A tree takes some forty times the memory of its text. */
const generationLength = 256 * 1024;
let youngLength = 0;
let young = new Map<string, ParsedStatement>();
let old = new Map<string, ParsedStatement>();

/** The syntax tree of this text. Applications send the same statements again and again, with other parameters. */
export function parsedStatement(text: string): ParsedStatement {
  const found = young.get(text);
  if (found !== undefined) return found;
  const parsed = old.get(text) ?? parseStatement(text);
  if (youngLength > generationLength) {
    old = young;
    young = new Map();
    youngLength = 0;
  }
  young.set(text, parsed);
  youngLength += text.length;
  return parsed;
}
