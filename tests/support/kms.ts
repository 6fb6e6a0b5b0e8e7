import { after } from "node:test";
import { CreateKeyCommand, type CreateKeyCommandInput, KMSClient } from "@aws-sdk/client-kms";
import type { Keys } from "./iam.ts";
import type { Tule } from "./tule.ts";

const clients: KMSClient[] = [];
after(() => {
  for (const client of clients) client.destroy();
});

/** A client for whoever has the keys; an account's id stands for its root user. */
export function kmsOf(
  { endpoint }: Pick<Tule, "endpoint">,
  who: Keys | string,
  region = "us-east-1",
): KMSClient {
  const credentials = typeof who === "string" ? { accessKeyId: who, secretAccessKey: "test" } : who;
  const client = new KMSClient({ endpoint, region, credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
}

/** A new key's ARN. */
export async function makeKey(kms: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(input));
  return KeyMetadata!.Arn!;
}
