import type { PasswordHash } from "./credentials/passwords.ts";
import type { DeviceClock } from "./credentials/one-time-codes.ts";
import type { Use } from "#kernel/uses.ts";
import type { EntityKind } from "./keyspace.ts";
import type { Codec } from "#store/store.ts";

/** What IAM stores; keyspace.ts says under which keys. Times are milliseconds since 1970. */
interface Named {
  readonly name: string;
  /** "/" or "/engineering/": begins and ends with a slash. */
  readonly path: string;
  /** "AIDA..." */
  readonly id: string;
  readonly createdAtMs: number;
}

/** Tags by key, in the order in which the keys came. */
export type Tags = Readonly<Record<string, string>>;

/** A user, group or role: what has policies. */
export interface Entity extends Named {
  /** Documents by the policy's name. */
  readonly inline: Readonly<Record<string, string>>;
  /** ARNs of managed policies, in the order in which they were attached. */
  readonly attached: readonly string[];
}

export interface BoundedEntity extends Entity {
  readonly tags: Tags;
  /** The ARN of the managed policy that is its permissions boundary. */
  readonly boundary?: string | undefined;
}

export interface UserRecord extends BoundedEntity {
  readonly groups: readonly string[];
  readonly accessKeyIds: readonly string[];
}

export type GroupRecord = Entity;

export interface RoleRecord extends BoundedEntity {
  /** The document that says who may assume it. */
  readonly trust: string;
  readonly description?: string | undefined;
  readonly maxSessionSeconds: number;
  /** Of a service-linked role: "batch.amazonaws.com". */
  readonly linkedService?: string | undefined;
}

export interface PolicyRecord extends Named {
  readonly description?: string | undefined;
  readonly tags: Tags;
  readonly updatedAtMs: number;
  /** The oldest first. */
  readonly versions: readonly PolicyVersionRecord[];
  /** "v1" */
  readonly defaultVersion: string;
  /** The number of the version that is made next; numbers are not given twice. */
  readonly nextVersion: number;
}

export interface PolicyVersionRecord {
  readonly id: string;
  readonly document: string;
  readonly createdAtMs: number;
}

export interface InstanceProfileRecord extends Named {
  readonly tags: Tags;
  readonly role?: string | undefined;
}

export interface AccessKeyRecord {
  readonly id: string;
  readonly userName: string;
  readonly createdAtMs: number;
  /** Deleted keys are remembered: an unknown one would be let in as anybody's with `--auth open`. */
  readonly status: "Active" | "Inactive" | "Deleted";
  /** Base 64. */
  readonly sealedSecret: string;
}

export interface ServiceCredentialRecord {
  readonly id: string;
  readonly userName: string;
  readonly service: string;
  readonly createdAtMs: number;
  readonly status: "Active" | "Inactive";
}

export interface OidcProviderRecord {
  /** The issuer's URL without its scheme. */
  readonly name: string;
  /** Whom its tokens may be made for. */
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly tags: Tags;
  readonly createdAtMs: number;
}

export interface LoginProfileRecord {
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  readonly resetRequired: boolean;
  readonly password: PasswordHash;
  /** Those before, the latest first. */
  readonly previous: readonly PasswordHash[];
}

export interface MfaDeviceRecord {
  /** An ARN. */
  readonly serial: string;
  /** Base 64. */
  readonly sealedSeed: string;
  readonly tags: Tags;
  readonly createdAtMs: number;
  readonly enabled?: EnabledDeviceRecord | undefined;
}

/** A user's device. */
export interface EnabledDeviceRecord extends DeviceClock {
  readonly userId: string;
  readonly atMs: number;
}

export interface SigningCertificateRecord {
  readonly id: string;
  /** In PEM. */
  readonly body: string;
  readonly fingerprint: string;
  readonly status: "Active" | "Inactive";
  readonly uploadedAtMs: number;
}

/** `body`: as it was uploaded. */
export type SshKeyRecord = SigningCertificateRecord;

export interface ServerCertificateRecord extends Named {
  readonly tags: Tags;
  /** In PEM. */
  readonly body: string;
  readonly chain?: string | undefined;
  /** Base 64. */
  readonly sealedKey: string;
  readonly expiresAtMs: number;
}

export interface CredentialReportRecord {
  /** Comma-separated values. */
  readonly content: string;
  readonly generatedAtMs: number;
}

export interface AccessReportRecord {
  readonly granularity: "SERVICE_LEVEL" | "ACTION_LEVEL";
  readonly createdAtMs: number;
  readonly services: readonly ReportedService[];
}

export interface ReportedService {
  readonly namespace: string;
  /** Users and roles that may use it. */
  readonly entities: readonly ReportedEntity[];
}

export interface ReportedEntity {
  readonly kind: EntityKind;
  readonly arn: string;
  readonly name: string;
  readonly id: string;
  readonly path: string;
  /** What it last did of the service, by operation. */
  readonly actions: Readonly<Record<string, Use>>;
}

function json<T>(): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
  };
}

export const userCodec = json<UserRecord>();
export const groupCodec = json<GroupRecord>();
export const roleCodec = json<RoleRecord>();
export const policyCodec = json<PolicyRecord>();
export const profileCodec = json<InstanceProfileRecord>();
export const accessKeyCodec = json<AccessKeyRecord>();
export const serviceCredentialCodec = json<ServiceCredentialRecord>();
export const oidcProviderCodec = json<OidcProviderRecord>();
export const loginProfileCodec = json<LoginProfileRecord>();
export const mfaDeviceCodec = json<MfaDeviceRecord>();
export const signingCertificateCodec = json<SigningCertificateRecord>();
export const sshKeyCodec = json<SshKeyRecord>();
export const serverCertificateCodec = json<ServerCertificateRecord>();
export const credentialReportCodec = json<CredentialReportRecord>();
export const accessReportCodec = json<AccessReportRecord>();
export const settingCodec = json<Readonly<Record<string, unknown>>>();
