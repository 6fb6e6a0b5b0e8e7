/**
 * The form of an API model in `models/<service>.json` and, with `models/corrections.json` applied, in
 * `src/models/<service>.shapes.json`: botocore's structure without its prose and without what only clients need.
 */

export interface MemberModel {
  shape: string;
  location?: "uri" | "querystring" | "header" | "headers" | "statusCode";
  locationName?: string;
  queryName?: string;
  flattened?: boolean;
  xmlAttribute?: boolean;
  xmlNamespace?: XmlNamespace | string;
  idempotencyToken?: boolean;
  jsonvalue?: boolean;
  streaming?: boolean;
  eventpayload?: boolean;
  eventheader?: boolean;
  enum?: string[];
  /** Added by corrections: this member's own largest length, where its shape has none or another. */
  max?: number;
  /** Added by corrections: the whole message for a request without this required member. */
  missing?: string;
  /** Added by corrections: the whole message for an empty text, list or map, unless a required member is missing. */
  empty?: string;
  /** Added by corrections: the same for a value that breaks its own shape's constraints. */
  invalid?: string;
  /** Added by corrections: what is wrong with this member is reported only where nothing before it is wrong. */
  weak?: boolean;
  /** Added by corrections: reported by its own name, capital first, and without its value. */
  plain?: boolean;
}

export interface XmlNamespace {
  uri: string;
  prefix?: string;
}

export interface ErrorModel {
  code?: string;
  /** Added by corrections: the code of the query protocol that the service spoke before JSON. */
  queryCode?: string;
  httpStatusCode?: number;
  senderFault?: boolean;
}

export interface ShapeModel {
  type: string;
  members?: Record<string, MemberModel>;
  required?: string[];
  member?: MemberModel;
  key?: MemberModel;
  value?: MemberModel;
  min?: number;
  max?: number;
  pattern?: string;
  enum?: string[];
  sensitive?: boolean;
  exception?: boolean;
  fault?: boolean;
  error?: ErrorModel;
  payload?: string;
  union?: boolean;
  document?: boolean;
  flattened?: boolean;
  locationName?: string;
  timestampFormat?: string;
  xmlNamespace?: XmlNamespace | string;
  streaming?: boolean;
  eventstream?: boolean;
  event?: boolean;
  /** Added by corrections: the wire text of a blob is kept as it is (checked, never decoded). */
  base64Text?: boolean;
  /** Added by corrections: the value keeps its wire form and the service checks it; validation by model ends here. */
  verbatim?: boolean;
  /** Added by corrections: matches what `pattern` matches, without backtracking for ever; messages name `pattern`. */
  safePattern?: string;
  /** Added by corrections: the members that validation looks at first; the others follow in the model's order. */
  order?: string[];
  /** Added by corrections: the other constraints do not hold for ARNs, which may have up to this many characters. */
  arnMax?: number;
  /** Added by corrections: an empty text breaks this least length and no other constraint. */
  emptyMin?: number;
  /** Added by corrections: outputs may hold the value as JSON bytes that were stored so. */
  storedJson?: boolean;
  /** Added by corrections: as a whole answer, its root element holds the text of this member and nothing else. */
  rootText?: string;
  /** Added by corrections: messages of validation show the value as JSON and not as Java prints it. */
  shownAsJson?: boolean;
}

export interface OperationModel {
  http: { method: string; requestUri: string; responseCode?: number };
  input?: MemberModel & { locationName?: string; xmlNamespace?: XmlNamespace };
  output?: MemberModel & { resultWrapper?: string };
  errors?: { shape: string }[];
  authtype?: string;
  auth?: string[];
  unsignedPayload?: boolean;
  httpChecksum?: Record<string, unknown>;
  httpChecksumRequired?: boolean;
}

export interface Metadata {
  apiVersion: string;
  endpointPrefix: string;
  protocol: string;
  protocols?: string[];
  jsonVersion?: string;
  serviceId: string;
  serviceFullName?: string;
  signingName?: string;
  targetPrefix?: string;
  xmlNamespace?: string;
  awsQueryCompatible?: Record<string, never>;
  /** Added by corrections: errors are named `<errorNamespace>#<code>` in `__type`. */
  errorNamespace?: string;
  /** Added by corrections: the error code of a failed validation, "ValidationException" unless given. */
  validationCode?: string;
  /** Added by corrections: all that is said of a request that fails validation. */
  validationMessage?: string;
  /** Added by corrections: validation looks at what is in the body, and not at headers, path and query. */
  validatesBodyOnly?: boolean;
  /** Added by corrections: a request that is nested deeper has no messages of its own (`empty`, `invalid`). */
  ownWordsLevels?: number;
  /** Added by corrections: answers carry `x-amz-crc32`. */
  answersCrc32?: boolean;
}

/** An error that any operation of the service may answer; AWS's models do not list them. */
export interface CommonErrorModel {
  status: number;
  /** Namespace in `__type` where it is not the service's own. */
  namespace?: string;
  /** The code of the query protocol, where it is another. */
  queryCode?: string;
  /** Name of the member that holds the message, "message" unless given. */
  messageName?: string;
}

export interface Model {
  source: string;
  metadata: Metadata;
  operations: Record<string, OperationModel>;
  shapes: Record<string, ShapeModel>;
  commonErrors?: Record<string, CommonErrorModel>;
}
