import { openPrincipal, type Credential, type FoundCredential } from "#kernel/credentials.ts";
import { anonymous, type Principal } from "#kernel/identity.ts";
import { chunkSigner, type ChunkSigner } from "#wire/aws-chunked.ts";
import type { ProtocolName } from "#wire/route.ts";
import { untimelyV2, verifyV2, type SignedV2 } from "#wire/sigv2.ts";
import {
  parseAuthorization,
  untimely,
  verify,
  type Authorization,
  type Signed,
} from "#wire/sigv4.ts";
import {
  errorFor,
  expiredToken,
  missingAuthentication,
  unknownAccessKey,
  wrongToken,
  type ErrorDialect,
  type SigV4Problem,
} from "#wire/sigv4-problems.ts";
import { WireProblem } from "#wire/protocol.ts";
import type { HttpRequest } from "./front/http.ts";
import type { GatewayOptions } from "./options.ts";

/** Who asks, and in which region. */
export interface Caller {
  readonly principal: Principal;
  readonly region: string;
  /** Continues the signature into the chunks of a signed aws-chunked body; undefined where none is enforced. */
  readonly signer?: ChunkSigner;
}

export interface Authenticated {
  readonly request: HttpRequest;
  /** Undefined where it has not arrived: what it should hash to is then believed, and checked at its end. */
  readonly body: Buffer | undefined;
  readonly protocol: ProtocolName;
  /** As routed: with the bucket in front, where the host names it. */
  readonly path: string;
  /** Takes no signature: Cognito's sign-up and the like. */
  readonly unsigned: boolean;
}

/**
 * Finds out who asks. A key that is known here must have signed the request, in either mode. With `--auth open` any
 * other key, or none, stands for the root of an account; with `--auth strict` it is refused. Answers at once unless the
 * key has to be looked up in the store.
 */
export function authenticate(
  options: GatewayOptions,
  asked: Authenticated,
): Caller | Promise<Caller> {
  const authorization = parseAuthorization(asked.request);
  if (authorization.kind === "presigned-v2" && asked.protocol === "rest-xml") {
    const token = queryToken(asked.request);
    const found = options.kernel.credentials.find(authorization.accessKeyId, token);
    const decide = (known: FoundCredential): Caller =>
      callerByUrl(options, asked, authorization, usable(known, asked.protocol));
    return found instanceof Promise ? found.then(decide) : decide(found);
  }
  const signed = isSigned(authorization) ? authorization : undefined;
  const found = signed && options.kernel.credentials.find(signed.accessKeyId, signed.sessionToken);
  const decide = (known: FoundCredential): Caller =>
    callerBySignature(options, asked, authorization, usable(known, asked.protocol));
  return found instanceof Promise ? found.then(decide) : decide(found);
}

/** Throws the refusal of a key of this server's that is of no use. */
export function usable(found: FoundCredential, protocol: ProtocolName): Credential | undefined {
  if (typeof found !== "string") return found;
  if (found === "expired") throw refusal(expiredToken, protocol);
  throw refusal(found === "wrong token" ? wrongToken : unknownAccessKey, protocol);
}

function queryToken({ query }: HttpRequest): string | undefined {
  return new URLSearchParams(query).get("x-amz-security-token") ?? undefined;
}

function callerBySignature(
  options: GatewayOptions,
  { request, body, protocol, unsigned }: Authenticated,
  authorization: Authorization,
  credential: Credential | undefined,
): Caller {
  const signed = isSigned(authorization) ? authorization : undefined;
  const region = signed?.region ?? options.defaultRegion;
  if (signed !== undefined && credential !== undefined) {
    // Clients sign by their machine's clock, which nobody moves with this server's.
    const nowMs = options.kernel.world.clock.machineMs();
    const problem = verify(signed, request, credential.secretAccessKey, nowMs, { body });
    if (problem !== undefined) throw refusal(problem, protocol);
    return {
      principal: credential.principal,
      region,
      signer: chunkSigner(signed, credential.secretAccessKey),
    };
  }
  if (options.facts.authentication === "strict" && !unsigned) {
    if (signed !== undefined) throw refusal(unknownAccessKey, protocol);
    // Buckets may be open to everybody: S3's policies and lists decide on who does not say who they are.
    if (authorization.kind === "anonymous" && protocol === "rest-xml") {
      return { principal: anonymous, region };
    }
    throw refusal(
      authorization.kind === "problem" ? authorization : missingAuthentication,
      protocol,
    );
  }
  if (signed?.kind === "presigned") {
    // Nobody can tell who made this URL, but all can see that it is over.
    const late = untimely(signed, options.kernel.world.clock.machineMs());
    if (late !== undefined) throw refusal(late, protocol);
  }
  return openCaller(signed ?? looseScope(request), options);
}

/** The same for the older form of presigned URLs, which names no region: it is the default one. */
function callerByUrl(
  options: GatewayOptions,
  { request, path }: Authenticated,
  signed: SignedV2,
  credential: Credential | undefined,
): Caller {
  const { accessKeyId } = signed;
  const nowMs = options.kernel.world.clock.machineMs();
  const isStrict = options.facts.authentication === "strict";
  const found =
    credential === undefined
      ? isStrict
        ? unknownAccessKey
        : untimelyV2(signed, nowMs)
      : verifyV2(signed, request, path, credential.secretAccessKey, nowMs);
  if (found !== undefined) throw refusal(found, "rest-xml");
  const region = options.defaultRegion;
  if (credential !== undefined) return { principal: credential.principal, region };
  return openCaller({ accessKeyId, region }, options);
}

function openCaller(
  scope: Pick<Signed, "accessKeyId" | "region"> | undefined,
  options: GatewayOptions,
): Caller {
  return {
    principal: openPrincipal(scope?.accessKeyId, options.defaultAccount),
    region: scope?.region ?? options.defaultRegion,
  };
}

/** With `--auth open` a made-up header still names account and region: many local set-ups send one. */
function looseScope(request: HttpRequest): Pick<Signed, "accessKeyId" | "region"> | undefined {
  const header = request.headers["authorization"];
  if (header === undefined) return undefined;
  const found = /Credential=([^/,\s]+)(?:\/\d*\/([a-z0-9-]+)\/)?/.exec(header);
  if (found?.[1] === undefined || found[2] === undefined) return undefined;
  return { accessKeyId: found[1], region: found[2] };
}

function isSigned(authorization: Authorization): authorization is Signed {
  return authorization.kind === "header" || authorization.kind === "presigned";
}

export function refusal(problem: SigV4Problem, protocol: ProtocolName): WireProblem {
  const { code, message, status } = errorFor(problem, dialects[protocol]);
  return new WireProblem(code, message, status);
}

const dialects: Readonly<Record<ProtocolName, ErrorDialect>> = {
  "json-1.0": "json",
  "json-1.1": "json",
  "cbor-1.1": "json",
  "rpc-v2-cbor": "json",
  "rest-json": "rest-json",
  invoke: "rest-json",
  query: "query",
  "query-json": "query",
  ec2: "query",
  "rest-xml": "s3",
};
