import { after } from "node:test";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Keys } from "./iam.ts";
import type { Tule } from "./tule.ts";

const clients: SecretsManagerClient[] = [];
after(() => {
  for (const client of clients) client.destroy();
});

/** A client for whoever has the keys; an account's id stands for its root user. */
export function secretsOf(
  { endpoint }: Pick<Tule, "endpoint">,
  who: Keys | string,
  region = "us-east-1",
): SecretsManagerClient {
  const credentials = typeof who === "string" ? { accessKeyId: who, secretAccessKey: "test" } : who;
  const client = new SecretsManagerClient({ endpoint, region, credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
}
