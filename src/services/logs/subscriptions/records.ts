import type { Distribution, Tags } from "#models/logs.ts";
import { json } from "../records.ts";

export interface SubscriptionRecord {
  /** Its own: one that is made anew under a name never delivers what the old one matched. */
  readonly id: string;
  readonly name: string;
  readonly groupName: string;
  readonly pattern: string;
  readonly destinationArn: string;
  readonly roleArn: string | undefined;
  readonly distribution: Distribution;
  readonly createdMs: number;
}

/** What other accounts' groups may subscribe to. */
export interface DestinationRecord {
  readonly name: string;
  readonly targetArn: string;
  readonly roleArn: string;
  readonly accessPolicy: string | undefined;
  readonly createdMs: number;
  readonly tags: Tags;
}

export const subscriptionCodec = json<SubscriptionRecord>();
export const destinationCodec = json<DestinationRecord>();
