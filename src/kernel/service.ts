import type { ApplicationAutoScaling } from "#models/application-autoscaling.ts";
import type { CloudWatch } from "#models/cloudwatch.ts";
import type { DAX } from "#models/dax.ts";
import type { DynamoDB } from "#models/dynamodb.ts";
import type { DynamoDBStreams } from "#models/dynamodbstreams.ts";
import type { IAM } from "#models/iam.ts";
import type { KMS } from "#models/kms.ts";
import type { CloudWatchLogs } from "#models/logs.ts";
import type { S3 } from "#models/s3.ts";
import type { S3Control } from "#models/s3control.ts";
import type { SecretsManager } from "#models/secretsmanager.ts";
import type { SSM } from "#models/ssm.ts";
import type { STS } from "#models/sts.ts";
import type { ServiceAccess } from "./authorization/access.ts";
import type { Context, JobContext } from "./context.ts";
import type { CommonErrorCode } from "./errors.ts";
import type { PortHandler } from "./listeners.ts";

/** An operation as src/models describes it. */
export interface OperationTypes {
  readonly input: unknown;
  readonly output: unknown;
  readonly error: string;
}

/** One operation: decides with what it is handed, and answers or throws `ctx.error(...)`. */
export type Handler<Operation> = Operation extends OperationTypes
  ? (
      ctx: Context<Operation["error"]>,
      input: Operation["input"],
    ) => Operation["output"] | Promise<Operation["output"]>
  : never;

/**
 * Handlers for some of a service's operations: `{ PutItem(ctx, input) { ... } } satisfies Handlers<DynamoDB>`.
 * The compiler refuses operations that the model does not have.
 */
export type Handlers<Service> = { readonly [Name in keyof Service]?: Handler<Service[Name]> };

export type JobHandler = (ctx: JobContext, payload: never) => void | Promise<void>;
export type RegionCallHandler = (ctx: Context<string>, payload: never) => unknown;
export type EventHandler = (ctx: JobContext, payload: never) => void | Promise<void>;

/** Answers browsers, which ask for nobody in particular: both look at the resource that the path names. */
export interface CrossOrigin {
  /** The headers that allow a request before it is made; throws the error that refuses it. */
  preflight(
    ctx: Context,
    ask: {
      /** With what the host's name says in front, not decoded. */
      readonly path: string;
      readonly origin: string | undefined;
      readonly method: string | undefined;
      /** Lower case. */
      readonly headers: readonly string[];
    },
  ): Promise<Record<string, string>>;
  /** The headers that let a page read the answer to its request; none if it may not. */
  headers(
    ctx: Context,
    ask: { readonly path: string; readonly origin: string; readonly method: string },
  ): Promise<Record<string, string>>;
}

/** What a browser's form brought: its fields, by names in lower case, and its file. */
export interface UploadedForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly file: { readonly name: string | undefined } | undefined;
  /** Whether somebody signed it. */
  readonly isSigned: boolean;
}

export interface FormAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body: an element of XML with these texts in it. */
  readonly element?: { readonly name: string; readonly members: Readonly<Record<string, string>> };
}

/** Takes files that browsers upload with a form, as if they had called an operation that streams its input. */
export interface FormUpload {
  readonly operation: string;
  /** The headers that the fields stand for. */
  headersOf(form: UploadedForm): Record<string, string>;
  /** What stands behind the resource in the path. */
  keyOf(form: UploadedForm): string;
  /** The operation's input as the form may have it; throws what it may not. */
  inputOf(form: UploadedForm, input: object, nowMs: number): object;
  answerTo(form: UploadedForm, input: object, output: unknown): FormAnswer;
}

/** A visit of a website. */
export interface WebsiteRequest {
  /** Whose website it is. */
  readonly bucket: string;
  readonly method: string;
  /** Not decoded. */
  readonly path: string;
  readonly protocol: "http" | "https";
  /** With its port. */
  readonly host: string;
  /** Members of the operation's input: which range, under which conditions. */
  readonly conditions: object;
  readonly requestId: string;
}

export type WebsiteAnswer =
  | { readonly kind: "redirect"; readonly status: number; readonly location: string }
  | { readonly kind: "page"; readonly status: number; readonly html: string }
  /** What the operation answered; with another status, if it is an error's document. */
  | { readonly kind: "object"; readonly output: unknown; readonly status?: number };

/** Answers browsers that visit what the service shows as a website. */
export interface Website {
  /** What gets a page. */
  readonly operation: string;
  answer(
    ctx: Context,
    request: WebsiteRequest,
    get: (input: object) => Promise<unknown>,
  ): Promise<WebsiteAnswer>;
}

/** A service's table of contents. */
export interface ServiceDefinition<Service = Record<string, never>> {
  /** The model's name: "dynamodb". It is also the first part of the service's keys. */
  readonly name: string;
  /**
   * The service whose keys it reads and writes, if not its own: DynamoDB Streams is a second API to what DynamoDB
   * stores. Both live in one folder, so one keyspace.ts builds the keys.
   */
  readonly stateOf?: string;
  /** An operation of the model that nobody serves answers `501 NotImplemented` by itself. */
  readonly operations: Handlers<Service>;
  readonly jobs?: Readonly<Record<string, JobHandler>>;
  /** What its operations need to be allowed. */
  readonly access?: ServiceAccess;
  /** By event name: "s3.ObjectCreated". */
  readonly subscriptions?: Readonly<Record<string, EventHandler>>;
  /** What the service asks of itself in other regions. A call may come twice: region-calls.ts. */
  readonly regionCalls?: Readonly<Record<string, RegionCallHandler>>;
  /** Counts each call of a client that was answered. */
  readonly observe?: Observe;
  /** What other sites' pages may do with its resources, if their owners say so. */
  readonly crossOrigin?: CrossOrigin;
  /** What it shows as websites. */
  readonly website?: Website;
  /** What it takes from browsers' forms. */
  readonly formUpload?: FormUpload;
  /** What the service can tell of a tenant besides its operations, for the server's own pages. */
  readonly reports?: Readonly<Record<string, Report>>;
  /** What answers on ports of the service's own (`ctx.openPort`); each is made once for a running server. */
  readonly listeners?: Readonly<Record<string, () => PortHandler>>;
}

/** How a call of a client ended. */
export interface CallOutcome {
  /** Of HTTP. */
  readonly status: number;
  /** Of the error, if it was one. */
  readonly code: string | undefined;
  readonly latencyMs: number;
}

export type Report = (ctx: Context) => Promise<object>;

export type Observe = (ctx: Context, outcome: CallOutcome) => void;

/** A service as the kernel sees it, its model's types aside. */
export interface Service {
  readonly name: string;
  readonly stateOf: string;
  readonly operations: ReadonlyMap<string, AnyHandler>;
  readonly access: ServiceAccess | undefined;
  readonly jobs: ReadonlyMap<string, JobHandler>;
  readonly subscriptions: ReadonlyMap<string, EventHandler>;
  readonly regionCalls: ReadonlyMap<string, RegionCallHandler>;
  readonly observe: Observe | undefined;
  readonly crossOrigin: CrossOrigin | undefined;
  readonly formUpload: FormUpload | undefined;
  readonly website: Website | undefined;
  readonly reports: ReadonlyMap<string, Report>;
  readonly listeners: ReadonlyMap<string, () => PortHandler>;
}

export type AnyHandler = (ctx: Context<CommonErrorCode>, input: unknown) => unknown;

export function defineService<Types>(definition: ServiceDefinition<Types>): Service {
  return {
    name: definition.name,
    stateOf: definition.stateOf ?? definition.name,
    operations: new Map(Object.entries(definition.operations) as [string, AnyHandler][]),
    access: definition.access,
    jobs: new Map(Object.entries(definition.jobs ?? {})),
    subscriptions: new Map(Object.entries(definition.subscriptions ?? {})),
    regionCalls: new Map(Object.entries(definition.regionCalls ?? {})),
    observe: definition.observe,
    crossOrigin: definition.crossOrigin,
    formUpload: definition.formUpload,
    website: definition.website,
    reports: new Map(Object.entries(definition.reports ?? {})),
    listeners: new Map(Object.entries(definition.listeners ?? {})),
  };
}

/** Another service's operations as functions: `await ctx.services.sts.GetCallerIdentity({})`. */
export type Client<Types> = {
  readonly [Name in keyof Types]: Types[Name] extends OperationTypes
    ? (input: Types[Name]["input"]) => Promise<Types[Name]["output"]>
    : never;
};

/** The services that exist, each as a client. */
export interface ServiceClients {
  readonly "application-autoscaling": Client<ApplicationAutoScaling>;
  readonly cloudwatch: Client<CloudWatch>;
  readonly dax: Client<DAX>;
  readonly dynamodb: Client<DynamoDB>;
  readonly dynamodbstreams: Client<DynamoDBStreams>;
  readonly iam: Client<IAM>;
  readonly kms: Client<KMS>;
  readonly logs: Client<CloudWatchLogs>;
  readonly s3: Client<S3>;
  readonly s3control: Client<S3Control>;
  readonly secretsmanager: Client<SecretsManager>;
  readonly ssm: Client<SSM>;
  readonly sts: Client<STS>;
}
