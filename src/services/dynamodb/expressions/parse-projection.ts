import { SyntaxProblem, TokenStream } from "./token-stream.ts";
import type { PathSyntax } from "./syntax.ts";

/** The syntax of a projection, `path { , path }`; throws a SyntaxProblem. */
export function parseProjectionSyntax(text: string): PathSyntax[] {
  const tokens = new TokenStream(text);
  const paths = [tokens.readPath()];
  while (tokens.takeSymbol(",")) paths.push(tokens.readPath());
  tokens.expectEnd();
  if (tokens.problems.reserved !== undefined) throw new SyntaxProblem(tokens.problems.reserved);
  return paths;
}
