import { after } from "node:test";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { STSClient } from "@aws-sdk/client-sts";
import type { Tule } from "./tule.ts";

export type Endpoint = Pick<Tule, "endpoint">;

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const clients: { destroy(): void }[] = [];
after(() => {
  for (const client of clients) client.destroy();
});

/** A client for whoever has the keys; an account's id stands for its root user. */
export function iamOf(tule: Endpoint, who: Keys | string): IAMClient {
  return kept(new IAMClient(configOf(tule, who)));
}

export function stsOf(tule: Endpoint, who: Keys | string): STSClient {
  return kept(new STSClient(configOf(tule, who)));
}

function configOf({ endpoint }: Endpoint, who: Keys | string) {
  return { endpoint, region: "us-east-1", credentials: keysOf(who), maxAttempts: 1 };
}

/** An account's id is the access key of its root user, where no key has to be known. */
export function keysOf(who: Keys | string): Keys {
  return typeof who === "string" ? { accessKeyId: who, secretAccessKey: "test" } : who;
}

function kept<Client extends { destroy(): void }>(client: Client): Client {
  clients.push(client);
  return client;
}

/** A policy's document with these statements. */
export function policyOf(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

export function allowing(action: string | readonly string[], resource = "*"): object {
  return { Effect: "Allow", Action: action, Resource: resource };
}

/** A new user with an inline policy of these statements, and its keys. */
export async function makeUser(
  iam: IAMClient,
  name: string,
  ...statements: readonly object[]
): Promise<Keys> {
  await iam.send(new CreateUserCommand({ UserName: name }));
  if (statements.length > 0) {
    await iam.send(
      new PutUserPolicyCommand({
        UserName: name,
        PolicyName: "own",
        PolicyDocument: policyOf(...statements),
      }),
    );
  }
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return { accessKeyId: key!.AccessKeyId!, secretAccessKey: key!.SecretAccessKey! };
}
