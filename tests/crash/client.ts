import { Agent } from "node:http";
import { DynamoDBClient, type DynamoDBClient as Client } from "@aws-sdk/client-dynamodb";

/** The real SDK over as many connections as it wants, without retries: each failure is seen. */
export function connect(endpoint: string): Client {
  return new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    requestHandler: {
      httpAgent: new Agent({ keepAlive: true, maxSockets: 128 }),
      requestTimeout: 20_000,
    },
  });
}
