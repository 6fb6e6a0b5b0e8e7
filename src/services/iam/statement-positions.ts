export interface StatementPlace {
  readonly start: Position;
  readonly end: Position;
}

/** Counted from 1. */
interface Position {
  readonly Line: number;
  readonly Column: number;
}

/**
 * Where the statements of a document stand in its text: their first and last characters. The text is JSON; a statement
 * is an object directly in the document's `Statement`.
 */
export function statementPositions(document: string): StatementPlace[] {
  const places: StatementPlace[] = [];
  let line = 1;
  let column = 0;
  let depth = 0;
  let start: Position | undefined;
  let isText = false;
  let isEscaped = false;
  let text = "";
  let key = "";
  let base = 0;
  for (const character of document) {
    column += 1;
    if (character === "\n") {
      line += 1;
      column = 0;
    }
    if (isText) {
      if (isEscaped) isEscaped = false;
      else if (character === "\\") isEscaped = true;
      else if (character === '"') isText = false;
      else text += character;
      continue;
    }
    if (character === '"') {
      isText = true;
      text = "";
    } else if (character === ":" && depth === 1) {
      key = text;
    } else if (character === "{" || character === "[") {
      depth += 1;
      if (key === "Statement" && character === "[" && depth === 2) base = 2;
      else if (key === "Statement" && character === "{" && start === undefined && depth > 1) {
        base = depth - 1;
        start = { Line: line, Column: column };
      }
    } else if (character === "}" || character === "]") {
      depth -= 1;
      if (start !== undefined && character === "}" && depth === base) {
        places.push({ start, end: { Line: line, Column: column } });
        start = undefined;
      }
      if (depth <= 1) key = "";
    }
  }
  return places;
}
