import { hash } from "node:crypto";

/** What can be wrong with a signature, in words that no protocol uses; `errorFor` has each protocol's own. */
export type SigV4ProblemCode =
  | "MissingAuthentication"
  | "UnsupportedAlgorithm"
  | "IncompleteSignature"
  | "MalformedCredential"
  | "InvalidExpiry"
  | "InvalidSignature"
  | "WrongRegion"
  | "WrongService"
  | "SignatureExpired"
  | "SignatureNotYetCurrent"
  | "RequestExpired"
  | "SignatureDoesNotMatch"
  | "ContentHashMismatch"
  | "UnknownAccessKey"
  | "InvalidToken"
  | "ExpiredToken";

export interface SigV4Problem {
  readonly kind: "problem";
  readonly code: SigV4ProblemCode;
  /** As AWS's services other than S3 say it. */
  readonly message: string;
  readonly presigned?: boolean;
  /** The region or service that the signature should have been for. */
  readonly expected?: string;
  readonly expiredAtMs?: number;
}

interface About {
  readonly header?: string;
  readonly presigned?: boolean;
  readonly expected?: string;
  readonly expiredAtMs?: number;
}

/** A bad header is named by its hash, as AWS has done since it stopped repeating secrets in messages. */
export function problem(code: SigV4ProblemCode, message: string, about: About = {}): SigV4Problem {
  const { header, ...rest } = about;
  if (header === undefined) return { kind: "problem", code, message, ...rest };
  const digest = hash("sha256", header, "base64");
  const named = message.endsWith(".")
    ? `${message} (Hashed with SHA-256 and encoded with Base64) Authorization=${digest}`
    : `${message} (hashed with SHA-256 and encoded with Base64): '${digest}'.`;
  return { kind: "problem", code, message: named, ...rest };
}

/** An operation that needs a caller, called by nobody. */
export const missingAuthentication: SigV4Problem = problem(
  "MissingAuthentication",
  "Missing Authentication Token",
);

export const unknownAccessKey: SigV4Problem = problem(
  "UnknownAccessKey",
  "The security token included in the request is invalid.",
);

/** A session's token that is none, or another session's. */
export const wrongToken: SigV4Problem = problem(
  "InvalidToken",
  "The security token included in the request is invalid.",
);

export const expiredToken: SigV4Problem = problem(
  "ExpiredToken",
  "The security token included in the request is expired",
);

export interface ClientError {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** Which family of services answers: JSON 1.x and CBOR, REST-JSON, Query and EC2, or S3. */
export type ErrorDialect = "json" | "rest-json" | "query" | "s3";

const jsonCodes: Readonly<Record<SigV4ProblemCode, string>> = {
  MissingAuthentication: "MissingAuthenticationTokenException",
  UnsupportedAlgorithm: "IncompleteSignatureException",
  IncompleteSignature: "IncompleteSignatureException",
  MalformedCredential: "IncompleteSignatureException",
  InvalidExpiry: "IncompleteSignatureException",
  InvalidSignature: "InvalidSignatureException",
  WrongRegion: "InvalidSignatureException",
  WrongService: "InvalidSignatureException",
  SignatureExpired: "InvalidSignatureException",
  SignatureNotYetCurrent: "InvalidSignatureException",
  RequestExpired: "InvalidSignatureException",
  SignatureDoesNotMatch: "InvalidSignatureException",
  ContentHashMismatch: "InvalidSignatureException",
  UnknownAccessKey: "UnrecognizedClientException",
  InvalidToken: "UnrecognizedClientException",
  ExpiredToken: "ExpiredTokenException",
};

const queryErrors: Readonly<Record<SigV4ProblemCode, readonly [code: string, status: number]>> = {
  MissingAuthentication: ["MissingAuthenticationToken", 403],
  UnsupportedAlgorithm: ["IncompleteSignature", 400],
  IncompleteSignature: ["IncompleteSignature", 400],
  MalformedCredential: ["IncompleteSignature", 400],
  InvalidExpiry: ["IncompleteSignature", 400],
  InvalidSignature: ["SignatureDoesNotMatch", 403],
  WrongRegion: ["SignatureDoesNotMatch", 403],
  WrongService: ["SignatureDoesNotMatch", 403],
  SignatureExpired: ["SignatureDoesNotMatch", 403],
  SignatureNotYetCurrent: ["SignatureDoesNotMatch", 403],
  RequestExpired: ["RequestExpired", 400],
  SignatureDoesNotMatch: ["SignatureDoesNotMatch", 403],
  ContentHashMismatch: ["SignatureDoesNotMatch", 403],
  UnknownAccessKey: ["InvalidClientTokenId", 403],
  InvalidToken: ["InvalidClientTokenId", 403],
  ExpiredToken: ["ExpiredToken", 403],
};

/** A problem as the family's clients know it. */
export function errorFor(trouble: SigV4Problem, dialect: ErrorDialect): ClientError {
  if (dialect === "s3") return s3Error(trouble);
  if (dialect === "query") {
    const [code, status] = queryErrors[trouble.code];
    const message =
      trouble.code === "MissingAuthentication"
        ? "Request is missing Authentication Token"
        : trouble.message;
    return { code, message, status };
  }
  return {
    code: jsonCodes[trouble.code],
    message: trouble.message,
    status: dialect === "json" ? 400 : 403,
  };
}

function s3Error({ code, message, presigned, expected }: SigV4Problem): ClientError {
  const malformed = (detail: string): ClientError =>
    presigned === true
      ? { code: "AuthorizationQueryParametersError", message: detail, status: 400 }
      : {
          code: "AuthorizationHeaderMalformed",
          message: `The authorization header is malformed; ${detail}`,
          status: 400,
        };
  switch (code) {
    case "MissingAuthentication":
      return { code: "AccessDenied", message: "Access Denied", status: 403 };
    case "UnsupportedAlgorithm":
      return {
        code: "InvalidRequest",
        message:
          "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        status: 400,
      };
    case "IncompleteSignature":
      return malformed(
        presigned === true
          ? "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
          : "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
      );
    case "MalformedCredential":
      return malformed(
        'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
      );
    case "InvalidExpiry":
    case "InvalidSignature":
      return malformed(message);
    case "WrongRegion":
      return malformed(`the region is wrong; expecting '${expected}'`);
    case "WrongService":
      return malformed(`incorrect service. This endpoint belongs to "${expected}".`);
    case "SignatureExpired":
    case "SignatureNotYetCurrent":
      return presigned === true
        ? { code: "AccessDenied", message: "Request is not valid yet", status: 403 }
        : {
            code: "RequestTimeTooSkewed",
            message: "The difference between the request time and the current time is too large.",
            status: 403,
          };
    case "RequestExpired":
      return { code: "AccessDenied", message: "Request has expired", status: 403 };
    case "SignatureDoesNotMatch":
      return {
        code: "SignatureDoesNotMatch",
        message:
          "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        status: 403,
      };
    case "ContentHashMismatch":
      return { code: "XAmzContentSHA256Mismatch", message, status: 400 };
    case "UnknownAccessKey":
      return {
        code: "InvalidAccessKeyId",
        message: "The AWS Access Key Id you provided does not exist in our records.",
        status: 403,
      };
    case "ExpiredToken":
      return { code: "ExpiredToken", message: "The provided token has expired.", status: 400 };
    case "InvalidToken":
      return {
        code: "InvalidToken",
        message: "The provided token is malformed or otherwise invalid.",
        status: 400,
      };
  }
}
