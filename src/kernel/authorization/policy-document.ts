/*
 * Policy documents as AWS reads them. Source: IAM User Guide, "IAM JSON policy reference"
 * (reference_policies_grammar, reference_policies_elements). Messages are those that IAM answers as
 * MalformedPolicyDocument; two peers have recorded the same ones.
 */

export interface PolicyDocument {
  /** "2008-10-17" where the document says nothing: policy variables are then plain text. */
  readonly version: "2008-10-17" | "2012-10-17";
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  readonly actions: Listed;
  /** Undefined in trust policies. */
  readonly resources: Listed | undefined;
  /** Undefined in policies of identities. */
  readonly principals: PrincipalElement | undefined;
  readonly conditions: readonly ConditionElement[];
}

/** An element and its Not form: `NotAction` is everything but these. */
export interface Listed {
  readonly isNegated: boolean;
  readonly values: readonly string[];
}

export type PrincipalType = "AWS" | "Service" | "Federated" | "CanonicalUser";

export interface PrincipalElement {
  readonly isNegated: boolean;
  /** `"Principal": "*"` stands as `{ AWS: ["*"] }`, which means the same. */
  readonly byType: ReadonlyMap<PrincipalType, readonly string[]>;
}

export interface ConditionElement {
  /** As written: "ForAnyValue:StringLikeIfExists". */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Where a document stands decides which elements it has. */
export type PolicyKind = "identity" | "resource" | "trust";

/** Services say in words of their own what is wrong with a document. */
export type PolicyFault = "json" | "statements" | "resources" | "sids" | "principals" | "other";

export class PolicyProblem extends Error {
  override name = "PolicyProblem";
  readonly fault: PolicyFault;

  constructor(message: string, fault: PolicyFault = "other") {
    super(message);
    this.fault = fault;
  }
}

const syntaxErrors = "Syntax errors in policy.";

/** Reads a document; throws a `PolicyProblem` with IAM's words. */
export function parsePolicyDocument(text: string, kind: PolicyKind): PolicyDocument {
  const json = parsedJson(text);
  if (!isObject(json)) throw new PolicyProblem(syntaxErrors);
  for (const name of Object.keys(json)) {
    if (name !== "Version" && name !== "Id" && name !== "Statement") {
      throw new PolicyProblem(syntaxErrors);
    }
  }
  const version = json["Version"] ?? "2008-10-17";
  if (version !== "2008-10-17" && version !== "2012-10-17") {
    throw new PolicyProblem(syntaxErrors);
  }
  if (json["Id"] !== undefined && typeof json["Id"] !== "string") {
    throw new PolicyProblem(syntaxErrors);
  }
  const given = json["Statement"];
  const list = Array.isArray(given) ? (given as unknown[]) : [given];
  if (list.length === 0) throw new PolicyProblem(syntaxErrors, "statements");
  const statements = list.map((statement) => parseStatement(statement, kind));
  checkSids(statements);
  return { version, statements };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new PolicyProblem(syntaxErrors, "json");
  }
}

const elements = new Set([
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
]);

function parseStatement(given: unknown, kind: PolicyKind): Statement {
  if (!isObject(given)) throw new PolicyProblem(syntaxErrors);
  for (const name of Object.keys(given)) {
    if (!elements.has(name)) throw new PolicyProblem(syntaxErrors);
  }
  const { Sid: sid, Effect: effect } = given;
  if (sid !== undefined && typeof sid !== "string") throw new PolicyProblem(syntaxErrors);
  if (effect !== "Allow" && effect !== "Deny") throw new PolicyProblem(syntaxErrors);
  const actions = listed(given, "Action");
  if (actions === undefined || actions.values.length === 0) {
    throw new PolicyProblem("Policy statement must contain actions.");
  }
  for (const action of actions.values) checkAction(action);
  const principals = parsePrincipals(given, effect, kind);
  return {
    sid: sid === "" ? undefined : sid,
    effect,
    actions,
    resources: parseResources(given, kind),
    principals,
    conditions: parseConditions(given["Condition"]),
  };
}

function listed(given: JsonObject, element: "Action" | "Resource"): Listed | undefined {
  const plain = given[element];
  const negated = given[`Not${element}`];
  if (plain !== undefined && negated !== undefined) throw new PolicyProblem(syntaxErrors);
  const value = plain ?? negated;
  return value === undefined
    ? undefined
    : { isNegated: plain === undefined, values: stringsOf(value) };
}

function checkAction(action: string): void {
  if (action === "*") return;
  const [vendor = "", ...rest] = action.split(":");
  if (rest.length === 0) {
    throw new PolicyProblem(
      "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    );
  }
  if (rest.length > 1) throw new PolicyProblem("Actions/Condition can contain only one colon.");
  if (vendor !== "*" && /[^a-zA-Z0-9\-.]/.test(vendor)) {
    throw new PolicyProblem(`Vendor ${vendor} is not valid`);
  }
}

function parseResources(given: JsonObject, kind: PolicyKind): Listed | undefined {
  const resources = listed(given, "Resource");
  if (kind === "trust") {
    if (resources !== undefined) throw new PolicyProblem("Has prohibited field Resource");
    return undefined;
  }
  if (resources === undefined || resources.values.length === 0) {
    throw new PolicyProblem("Policy statement must contain resources.", "resources");
  }
  for (const resource of resources.values) checkResource(resource);
  return resources;
}

function checkResource(resource: string): void {
  if (resource === "*") return;
  if (!resource.includes(":")) {
    throw new PolicyProblem(`Resource ${resource} must be in ARN format or "*".`);
  }
  const [, partition = "", service, region = "*", account = "*", ...rest] = resource.split(":");
  if (!/^(aws(-[a-z]+)*|\*)$/.test(partition)) {
    const place = [service || "*", region, account, rest.join(":") || "*"].join(":");
    throw new PolicyProblem(
      `Partition "${partition}" is not valid for resource "arn:${partition}:${place}".`,
    );
  }
  if (service === undefined) {
    throw new PolicyProblem("Resource vendor must be fully qualified and cannot contain regexes.");
  }
}

const principalTypes: ReadonlySet<string> = new Set<PrincipalType>([
  "AWS",
  "Service",
  "Federated",
  "CanonicalUser",
]);

function parsePrincipals(
  given: JsonObject,
  effect: "Allow" | "Deny",
  kind: PolicyKind,
): PrincipalElement | undefined {
  const { Principal: plain, NotPrincipal: negated } = given;
  if (kind === "identity") {
    if (plain === undefined && negated === undefined) return undefined;
    throw new PolicyProblem("Policy document should not specify a principal.");
  }
  if (plain !== undefined && negated !== undefined) throw new PolicyProblem(syntaxErrors);
  const value = plain ?? negated;
  if (value === undefined) {
    throw new PolicyProblem("Missing required field Principal", "principals");
  }
  // Source: reference_policies_elements_notprincipal, "must be used with Effect: Deny".
  if (negated !== undefined && effect === "Allow") {
    throw new PolicyProblem("Allow with NotPrincipal is not allowed.");
  }
  return { isNegated: plain === undefined, byType: principalsByType(value) };
}

function principalsByType(value: unknown): Map<PrincipalType, readonly string[]> {
  if (value === "*") return new Map([["AWS", ["*"]]]);
  if (!isObject(value)) throw new PolicyProblem(`Invalid principal in policy: ${String(value)}`);
  const byType = new Map<PrincipalType, readonly string[]>();
  for (const [type, names] of Object.entries(value)) {
    if (!principalTypes.has(type)) {
      throw new PolicyProblem(`Invalid principal in policy: "${type}":"${String(names)}"`);
    }
    const list = stringsOf(names);
    for (const name of list) checkPrincipal(type as PrincipalType, name);
    byType.set(type as PrincipalType, list);
  }
  if (byType.size === 0)
    throw new PolicyProblem("Missing required field Principal cannot be empty!");
  return byType;
}

/** An account's id, an ARN of IAM or STS, or a unique id, which stands for one who was deleted. */
const awsPrincipal =
  /^(\*|\d{12}|arn:aws[a-z-]*:(iam::\d{12}:(root|(user|role)\/[^*?]+)|sts::\d{12}:(assumed-role\/[^*?/]+\/[^*?/]+|federated-user\/[^*?]+|self))|A[A-Z0-9]{15,127})$/;

function checkPrincipal(type: PrincipalType, name: string): void {
  const isRight = type !== "AWS" || awsPrincipal.test(name);
  if (!isRight) {
    throw new PolicyProblem(`Invalid principal in policy: "${type}":"${name}"`, "principals");
  }
}

function parseConditions(given: unknown): ConditionElement[] {
  if (given === undefined) return [];
  if (!isObject(given)) throw new PolicyProblem(syntaxErrors);
  const conditions: ConditionElement[] = [];
  for (const [operator, keys] of Object.entries(given)) {
    if (!isObject(keys)) throw new PolicyProblem(syntaxErrors);
    for (const [key, value] of Object.entries(keys)) {
      conditions.push({ operator, key, values: stringsOf(value) });
    }
  }
  return conditions;
}

/** Statement ids are unique within a document. */
function checkSids(statements: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const { sid } of statements) {
    if (sid === undefined) continue;
    if (seen.has(sid)) {
      throw new PolicyProblem("Statement IDs (SID) in a single policy must be unique.", "sids");
    }
    seen.add(sid);
  }
}

/** One value or a list of them. Numbers and booleans stand for their text: `{"Bool": {"aws:SecureTransport": true}}`. */
function stringsOf(value: unknown): string[] {
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  return values.map((one) => {
    if (typeof one === "string") return one;
    if (typeof one === "number" || typeof one === "boolean") return String(one);
    throw new PolicyProblem(syntaxErrors);
  });
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
