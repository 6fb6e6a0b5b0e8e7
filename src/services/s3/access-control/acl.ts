import type { AccessControlPolicy, Grant as WireGrant } from "#models/s3.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { canonicalUserOf } from "../owners.ts";

/*
 * Access control lists: who was granted what by the owner of a bucket or an object.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */

export type Permission = "FULL_CONTROL" | "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP";

export interface Grant {
  /** A canonical user's id, or a group's URI. */
  readonly to: { readonly id: string } | { readonly uri: string };
  readonly permission: Permission;
}

export type Grants = readonly Grant[];

export const allUsers = "http://acs.amazonaws.com/groups/global/AllUsers";
export const authenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
export const logDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";
const groups: ReadonlySet<string> = new Set([allUsers, authenticatedUsers, logDelivery]);

const permissions: ReadonlySet<string> = new Set<Permission>([
  "FULL_CONTROL",
  "READ",
  "WRITE",
  "READ_ACP",
  "WRITE_ACP",
]);

/** The accounts that a list's names stand for. */
export interface AclOwners {
  /** Who owns what the list is of. */
  readonly owner: string;
  /** The bucket's. */
  readonly bucketOwner: string;
}

/** Recorded: what nobody said anything about. */
export const privateGrants = (owner: string): Grants => [
  { to: { id: canonicalUserOf(owner) }, permission: "FULL_CONTROL" },
];

/** What a request asks for, in one of three ways. */
export interface AclInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
  readonly AccessControlPolicy?: AccessControlPolicy | undefined;
}

/** A list that was asked for, checked; its owners are known once the bucket is. */
export type AskedAcl =
  | { readonly canned: string }
  | { readonly grants: Grants; readonly ownerId?: string | undefined };

const cannedNames: ReadonlySet<string> = new Set([
  "private",
  "public-read",
  "public-read-write",
  "authenticated-read",
  "aws-exec-read",
  "bucket-owner-read",
  "bucket-owner-full-control",
  "log-delivery-write",
]);

/** Undefined where the request says nothing of one. */
export function askedAcl(input: AclInput): AskedAcl | undefined {
  const { ACL: canned, AccessControlPolicy: policy } = input;
  const headers = grantHeaders(input);
  if (canned !== undefined) {
    if (headers.length > 0) {
      const message = "Specifying both Canned ACLs and Header Grants is not allowed";
      throw s3Error("InvalidRequest", { message });
    }
    if (policy !== undefined) throw s3Error("UnexpectedContent");
    if (!cannedNames.has(canned)) throw invalidArgument("", "x-amz-acl", canned);
    return { canned };
  }
  if (headers.length > 0) {
    if (policy !== undefined) throw s3Error("UnexpectedContent");
    return { grants: headers.flatMap(([permission, text]) => grantsOfHeader(permission, text)) };
  }
  return policy === undefined ? undefined : { ...grantsOfPolicy(policy) };
}

function grantHeaders(input: AclInput): [Permission, string][] {
  const all: [Permission, string | undefined][] = [
    ["FULL_CONTROL", input.GrantFullControl],
    ["READ", input.GrantRead],
    ["READ_ACP", input.GrantReadACP],
    ["WRITE", input.GrantWrite],
    ["WRITE_ACP", input.GrantWriteACP],
  ];
  return all.filter((each): each is [Permission, string] => each[1] !== undefined);
}

/** `id="...", uri="...", emailAddress="..."` */
function grantsOfHeader(permission: Permission, text: string): Grant[] {
  return text.split(",").map((each) => {
    const [, kind, value = ""] = /^\s*(\w+)\s*=\s*"?([^"]*)"?\s*$/.exec(each) ?? [];
    switch (kind) {
      case "id":
        return { to: { id: checkedId(value) }, permission };
      case "uri":
        return { to: { uri: checkedGroup(value) }, permission };
      case "emailAddress":
        throw s3Error("UnresolvableGrantByEmailAddress");
      default: {
        const header = `x-amz-grant-${permission.toLowerCase().replaceAll("_", "-")}`;
        throw invalidArgument("Argument format not recognized", header, text);
      }
    }
  });
}

function grantsOfPolicy({ Grants: given, Owner }: AccessControlPolicy) {
  const ownerId = Owner?.ID;
  if (ownerId === undefined || given === undefined) throw s3Error("MalformedACLError");
  if (given.length > 100) throw s3Error("MalformedACLError");
  const grants = given.map((grant): Grant => {
    const { Permission: permission, Grantee } = grant;
    if (permission === undefined || !permissions.has(permission) || Grantee === undefined) {
      throw s3Error("MalformedACLError");
    }
    switch (Grantee.Type) {
      case "CanonicalUser":
        return { to: { id: checkedId(Grantee.ID ?? "") }, permission };
      case "Group":
        return { to: { uri: checkedGroup(Grantee.URI ?? "") }, permission };
      case "AmazonCustomerByEmail":
        throw s3Error("UnresolvableGrantByEmailAddress");
      default:
        throw s3Error("MalformedACLError");
    }
  });
  return { grants, ownerId };
}

function checkedId(id: string): string {
  if (/^[0-9a-f]{64}$/.test(id)) return id;
  throw invalidArgument("Invalid id", "CanonicalUser/ID", id);
}

function checkedGroup(uri: string): string {
  if (groups.has(uri)) return uri;
  throw invalidArgument("Invalid group uri", "uri", uri);
}

/** The list itself. */
export function grantsOf(asked: AskedAcl, { owner, bucketOwner }: AclOwners): Grants {
  if ("grants" in asked) return asked.grants;
  const own = privateGrants(owner);
  const toGroup = (uri: string, ...allowed: Permission[]): Grant[] =>
    allowed.map((permission) => ({ to: { uri }, permission }));
  const toBucketOwner = (permission: Permission): Grant[] =>
    owner === bucketOwner ? [] : [{ to: { id: canonicalUserOf(bucketOwner) }, permission }];
  switch (asked.canned) {
    case "public-read":
      return [...own, ...toGroup(allUsers, "READ")];
    case "public-read-write":
      return [...own, ...toGroup(allUsers, "READ", "WRITE")];
    case "authenticated-read":
      return [...own, ...toGroup(authenticatedUsers, "READ")];
    case "log-delivery-write":
      return [...own, ...toGroup(logDelivery, "WRITE", "READ_ACP")];
    case "bucket-owner-read":
      return [...own, ...toBucketOwner("READ")];
    case "bucket-owner-full-control":
      return [...own, ...toBucketOwner("FULL_CONTROL")];
    default:
      return own;
  }
}

export function isPublicAcl(grants: Grants): boolean {
  return grants.some(({ to }) => "uri" in to && isPublicGroup(to.uri));
}

export const isPublicGroup = (uri: string): boolean =>
  uri === allUsers || uri === authenticatedUsers;

export function wireGrants(grants: Grants): WireGrant[] {
  return grants.map(({ to, permission }) => ({
    Grantee: "id" in to ? { ID: to.id, Type: "CanonicalUser" } : { URI: to.uri, Type: "Group" },
    Permission: permission,
  }));
}
