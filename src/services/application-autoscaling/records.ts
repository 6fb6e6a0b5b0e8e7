import type {
  Alarms,
  PolicyType,
  ScalingActivity,
  SuspendedState,
  TagMap,
  TargetTrackingScalingPolicyConfiguration,
} from "#models/application-autoscaling.ts";
import type { Codec } from "#store/store.ts";
import type { TargetName } from "./keyspace.ts";

/** A scalable target. Shared and cached: never change one in place. */
export interface TargetRecord extends TargetName {
  readonly id: string;
  readonly arn: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly roleArn: string;
  readonly suspended: Required<SuspendedState>;
  readonly createdAtMs: number;
  readonly tags: TagMap;
}

export interface PolicyRecord extends TargetName {
  readonly name: string;
  readonly arn: string;
  readonly type: PolicyType;
  readonly configuration: TargetTrackingScalingPolicyConfiguration;
  readonly alarms: Alarms;
  /** The provisioned units by which its alarms were put; undefined until they are. */
  readonly alarmUnits?: number | undefined;
  readonly createdAtMs: number;
  /** When it last changed the capacity either way: the cooldowns count from there. */
  readonly scaledOutMs: number;
  readonly scaledInMs: number;
  /** Not to be tried before: the last try was refused. */
  readonly retryAtMs: number;
  /** Why it last did not scale though it wanted to, if that is still so: told once. */
  readonly heldBy: string | undefined;
}

export interface ScheduledActionRecord extends TargetName {
  readonly name: string;
  readonly arn: string;
  readonly schedule: string;
  readonly timezone: string | undefined;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly createdAtMs: number;
}

function json<T>(): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
  };
}

export const targetCodec = json<TargetRecord>();
export const policyCodec = json<PolicyRecord>();
export const actionCodec = json<ScheduledActionRecord>();
export const activityCodec = json<ScalingActivity>();
export const targetNameCodec = json<TargetName>();
