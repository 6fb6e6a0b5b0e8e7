import { type ParsedStatement, parseStatement } from "./parse-statement.ts";

/** How many texts one generation holds; two generations are kept. A statement has up to 8,192 characters. */
const generationSize = 200;
let young = new Map<string, ParsedStatement>();
let old = new Map<string, ParsedStatement>();

/** The syntax tree of this text. Applications send the same statements again and again, with other parameters. */
export function parsedStatement(text: string): ParsedStatement {
  const found = young.get(text);
  if (found !== undefined) return found;
  const parsed = old.get(text) ?? parseStatement(text);
  if (young.size >= generationSize) {
    old = young;
    young = new Map();
  }
  young.set(text, parsed);
  return parsed;
}
