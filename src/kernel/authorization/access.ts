import type { Context } from "../context.ts";
import type { Snapshot } from "#store/store.ts";
import type { RequestContext } from "./request-context.ts";

/*
 * What an operation needs to be allowed, as data: actions and the resources that they are about, found in the
 * operation's input. A service lists its operations; what is not listed is allowed to roots alone.
 */

export interface ServiceAccess {
  readonly operations: Readonly<Record<string, OperationAccess>>;
  /** What stands before a resource in its ARN, if that is not `arn:aws:service:region:account:`. */
  readonly place?: (ctx: Context) => string;
  /** How the service says no; AccessDeniedException with its protocol's status unless it is told here. */
  readonly denial?: DenialForm;
  /** What is known of a resource: the policy that is attached to it, and keys for conditions. */
  readonly resource?: (snapshot: Snapshot, ctx: Context, need: Need) => KnownResource;
}

export interface DenialForm {
  readonly code: string;
  readonly status: number;
  /** Whether the message has the resource in quotes. */
  readonly quotesResource?: boolean;
  /** All that callers of other accounts are told, and those who sign nothing. */
  readonly toStrangers?: string;
}

export interface OperationAccess {
  /** None: everybody may. */
  readonly rules: readonly AccessRule[] | AccessFinder;
  /** Whether other accounts can be let in. */
  readonly isCrossAccount?: boolean;
  /** Each need is decided for itself: the operation learns of those that are not allowed from its context. */
  readonly decidesEach?: boolean;
  /** An error that tells something: who may not do this, either, is denied instead. */
  readonly conceals?: { readonly code: string; readonly rules: AccessFinder };
  /** The input proves who asks: the handler finds out, and has it decided on (`ctx.authorizedAs`). */
  readonly isProof?: boolean;
}

export interface AccessRule {
  /** "dynamodb:GetItem" */
  readonly action: string;
  /**
   * "*", or what stands behind `arn:aws:service:region:account:`, with members of the input: `table/{TableName}`. A
   * member that holds an ARN stands for all that is before it as well. What is in brackets is left out without its
   * member: `table/{TableName}[/index/{IndexName}]`.
   */
  readonly resource: string;
  /**
   * Where in the input the rule applies, once for each: `TransactItems[].Get` for the members of a list,
   * `RequestItems{}` for a map's entries, which then are `{ key, value }`, `TableCreationParameters` for a member. Left
   * out: to the whole.
   */
  readonly each?: string;
  /** The rule applies only to inputs with this member. */
  readonly ifGiven?: string;
}

/** For what cannot be read off the input's members. Throws what is wrong with the input. */
export type AccessFinder = (input: never, ctx: Context) => readonly FoundAccess[];

export interface FoundAccess {
  readonly action: string;
  /** As in a rule, with its members filled in. */
  readonly resource: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** One action on one resource. */
export interface Need {
  readonly action: string;
  /** Of the operation that the action is a part of: "TransactWriteItems". */
  readonly operation: string;
  /** An ARN, or "*". */
  readonly resource: string;
  /** The account of the resource. */
  readonly account: string;
  /** The part of the operation's input that it is about. */
  readonly input: Readonly<Record<string, unknown>>;
}

export interface KnownResource {
  /** The document's text. */
  readonly policy?: string | undefined;
  /** Whose it is, where its ARN does not say. */
  readonly account?: string | undefined;
  /** What the policy is called, if it is not the resource's alone. */
  readonly policyName?: string | undefined;
  /** The policy is a role's, and must allow it whoever asks. */
  readonly isTrust?: boolean;
  /** The policy must allow it whoever asks, though it is no role's: a key's. */
  readonly mustAllow?: boolean;
  /** The whole ARN, where the input names only a part of it. */
  readonly resource?: string | undefined;
  readonly keys?: RequestContext | undefined;
}

type Input = Readonly<Record<string, unknown>>;

/** All that a call needs. `place`: what stands before resources that are no ARN. */
export function needsOf(
  access: Pick<OperationAccess, "rules">,
  ctx: Context,
  place: string,
  input: unknown,
): Need[] {
  const { rules } = access;
  const found =
    typeof rules === "function" ? rules(input as never, ctx) : foundBy(rules, input as Input);
  return found.map(({ action, resource, input: part }) => {
    const arn = resource === "*" || resource.startsWith("arn:") ? resource : place + resource;
    const account = arn.split(":", 5)[4] || ctx.account;
    return { action, operation: ctx.operation, resource: arn, account, input: part };
  });
}

function foundBy(rules: readonly AccessRule[], input: Input): FoundAccess[] {
  const found: FoundAccess[] = [];
  for (const { action, resource, each, ifGiven } of rules) {
    if (ifGiven !== undefined && input[ifGiven] === undefined) continue;
    const template = templateOf(resource);
    for (const part of each === undefined ? [input] : partsOf(input, each)) {
      found.push({ action, resource: filled(template, part), input: part });
    }
  }
  return found;
}

/** The parts of the input that a rule applies to. */
function partsOf(input: Input, each: string): Input[] {
  const [, member = "", kind, rest] = /^(\w+)(\[\]|\{\}|)(?:\.(\w+))?$/.exec(each) ?? [];
  const whole = input[member];
  if (typeof whole !== "object" || whole === null) return [];
  if (kind === "") return [whole as Input];
  const parts =
    kind === "[]"
      ? (whole as Input[])
      : Object.entries(whole).map(([key, value]): Input => ({ key, value: value as unknown }));
  return rest === undefined
    ? [...parts]
    : parts.map((part) => part[rest] as Input | undefined).filter((part) => part !== undefined);
}

/** A resource as rules write it, taken apart: text, members of the input, and what is left out without its member. */
type Piece = string | MemberPiece | OptionalPiece;
interface MemberPiece {
  readonly member: string;
}
interface OptionalPiece {
  readonly ifGiven: string;
  readonly pieces: readonly Piece[];
}

/** There are only so many rules. */
const templates = new Map<string, readonly Piece[]>();

function templateOf(resource: string): readonly Piece[] {
  let template = templates.get(resource);
  if (template === undefined) templates.set(resource, (template = piecesOf(resource)));
  return template;
}

function piecesOf(text: string): Piece[] {
  return text
    .split(/(\[[^\]]*\]|\{\w+\})/)
    .filter((piece) => piece !== "")
    .map((piece) => {
      if (piece.startsWith("{")) return { member: piece.slice(1, -1) };
      if (!piece.startsWith("[")) return piece;
      const pieces = piecesOf(piece.slice(1, -1));
      const member = pieces.find((one) => typeof one === "object" && "member" in one);
      return { ifGiven: member?.member ?? "", pieces };
    });
}

/** `before`: what stands in front; a member that is an ARN stands for all of it. */
function filled(template: readonly Piece[], input: Input, before = ""): string {
  let text = before;
  for (const piece of template) {
    if (typeof piece === "string") {
      text += piece;
    } else if ("pieces" in piece) {
      if (input[piece.ifGiven] !== undefined) text = filled(piece.pieces, input, text);
    } else {
      const given = input[piece.member];
      const value = typeof given === "string" ? given : "*";
      text = value.startsWith("arn:") ? value : text + value;
    }
  }
  return text;
}
