import { createHmac, timingSafeEqual } from "node:crypto";
import { openPrincipal } from "#kernel/credentials.ts";
import { anonymous } from "#kernel/identity.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { FormUpload, UploadedForm } from "#kernel/service.ts";
import { formBoundary, readForm, type MultipartForm } from "#wire/multipart-form.ts";
import { type EncodedResponse, WireProblem } from "#wire/protocol.ts";
import type { Route } from "#wire/route.ts";
import { hmacHex, signingKey } from "#wire/sigv4-keys.ts";
import { problem, unknownAccessKey } from "#wire/sigv4-problems.ts";
import { escapeXml } from "#wire/xml.ts";
import { type Caller, refusal, usable } from "./authenticate.ts";
import type { Endpoint } from "./endpoints.ts";
import type { HttpRequest } from "./front/http.ts";
import type { GatewayOptions } from "./options.ts";
import { RequestKeys } from "./request-keys.ts";

/*
 * A file that a browser uploads with a form: fields in place of headers, and a policy that was signed for it in place
 * of a signature of the request. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */

/** The resource that a form is sent to; undefined for other requests. */
export function formTarget(request: HttpRequest, routed: Route): string | undefined {
  if (request.method !== "POST" || request.query !== "") return undefined;
  if (routed.operation !== undefined || routed.website !== undefined) return undefined;
  return /^\/([^/]+)\/?$/.exec(routed.path ?? request.path)?.[1];
}

export interface FormCall {
  readonly request: HttpRequest;
  readonly target: string;
  readonly upload: FormUpload;
  /** Of the operation that the form stands for. */
  readonly endpoint: Endpoint;
  readonly requestId: string;
}

export async function uploadForm(
  options: GatewayOptions,
  { request, target, upload, endpoint, requestId }: FormCall,
): Promise<EncodedResponse> {
  const boundary = formBoundary(request.headers["content-type"]);
  if (boundary === undefined) {
    // Recorded.
    throw new ServiceError(
      "PreconditionFailed",
      "At least one of the pre-conditions you specified did not hold",
      { Condition: "Bucket POST must be of the enclosure-type multipart/form-data" },
      412,
    );
  }
  const read = await readForm(request.body.stream(), boundary);
  const signature = signatureIn(read);
  const { principal, region } = await callerOf(options, signature);
  const form: UploadedForm = { ...read, isSigned: signature !== undefined };
  const { protocol, operation, handler, serviceName: service } = endpoint;
  if (operation === undefined || handler === undefined) throw new TypeError("no such upload");
  const decoded = protocol.decode(operation, {
    method: "PUT",
    path: `/${target}/${encodeURIComponent(upload.keyOf(form))}`,
    query: "",
    headers: { host: request.headers["host"], ...upload.headersOf(form) },
    body: Buffer.alloc(0),
    stream: read.file?.bytes,
  }) as object;
  const ctx = options.kernel.context({
    service,
    operation: operation.name,
    account: principal.account,
    region,
    caller: principal,
    requestId,
    requestKeys: new RequestKeys(request),
  });
  const input = upload.inputOf(form, decoded, options.kernel.world.clock.machineMs());
  const output = await options.kernel.authorizer.perform(ctx, handler, input);
  const { status, headers, element } = upload.answerTo(form, input, output);
  const ids = { "x-amz-request-id": requestId, "x-amz-id-2": requestId };
  if (element === undefined) {
    return { status, headers: { ...ids, ...headers }, body: Buffer.alloc(0) };
  }
  const members = Object.entries(element.members)
    .map(([name, text]) => `<${name}>${escapeXml(text)}</${name}>`)
    .join("");
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${element.name}>${members}</${element.name}>`;
  return {
    status,
    headers: { ...ids, ...headers, "content-type": "application/xml" },
    body: Buffer.from(text),
  };
}

interface FormSignature {
  readonly accessKeyId: string;
  readonly sessionToken: string | undefined;
  readonly region: string | undefined;
  /** Whether the secret made the signature. */
  isBy(secretAccessKey: string): boolean;
}

/** Undefined for a form that nobody signed. */
function signatureIn({ fields }: MultipartForm): FormSignature | undefined {
  const policy = fields.get("policy") ?? "";
  const sessionToken = fields.get("x-amz-security-token");
  const signature = fields.get("x-amz-signature");
  if (signature !== undefined || fields.has("x-amz-algorithm")) {
    for (const name of ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"]) {
      if (!fields.has(name)) throw missing(name);
    }
    const credential = fields.get("x-amz-credential")!;
    const [accessKeyId, date, region, service, end] = credential.split("/");
    if (!accessKeyId || !date || !region || !service || end !== "aws4_request") {
      throw new WireProblem("InvalidArgument", `The Credential is mal-formed: ${credential}`);
    }
    const isBy = (secret: string): boolean =>
      isSame(
        hmacHex(signingKey(accessKeyId, secret, { date, region, service }), policy),
        signature!,
      );
    return { accessKeyId, sessionToken, region, isBy };
  }
  const older = fields.get("signature");
  const accessKeyId = fields.get("awsaccesskeyid");
  if (older === undefined && accessKeyId === undefined) return undefined;
  if (accessKeyId === undefined) throw missing("AWSAccessKeyId");
  if (older === undefined) throw missing("signature");
  const isBy = (secret: string): boolean =>
    isSame(createHmac("sha1", secret).update(policy).digest("base64"), older);
  return { accessKeyId, sessionToken, region: undefined, isBy };
}

function isSame(expected: string, given: string): boolean {
  const bytes = Buffer.from(given);
  return expected.length === bytes.length && timingSafeEqual(Buffer.from(expected), bytes);
}

/** The rules of `authenticate`. */
async function callerOf(
  options: GatewayOptions,
  signature: FormSignature | undefined,
): Promise<Caller> {
  const isStrict = options.facts.authentication === "strict";
  const region = signature?.region ?? options.defaultRegion;
  if (signature === undefined) {
    const principal = isStrict ? anonymous : openPrincipal(undefined, options.defaultAccount);
    return { principal, region };
  }
  const { accessKeyId, sessionToken } = signature;
  const found = await options.kernel.credentials.find(accessKeyId, sessionToken);
  const credential = usable(found, "rest-xml");
  if (credential === undefined) {
    if (isStrict) throw refusal(unknownAccessKey, "rest-xml");
    return { principal: openPrincipal(accessKeyId, options.defaultAccount), region };
  }
  if (signature.isBy(credential.secretAccessKey)) {
    return { principal: credential.principal, region };
  }
  throw refusal(problem("SignatureDoesNotMatch", "The signatures differ"), "rest-xml");
}

/** Words as recorded, two spaces included. */
const missing = (name: string): ServiceError =>
  new ServiceError(
    "InvalidArgument",
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { ArgumentName: name, ArgumentValue: "" },
    400,
  );
