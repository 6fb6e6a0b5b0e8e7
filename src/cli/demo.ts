import { realWorld } from "#world/real.ts";
import { signHeaders } from "#wire/sigv4-sign.ts";
import type { Configuration } from "./configuration.ts";
import { clientKey } from "./client-key.ts";
import { endpointOf } from "./endpoint.ts";

/** Shows a table at work on a running server: signed HTTP requests as any SDK sends them. */
export async function demo(configuration: Configuration): Promise<number> {
  const endpoint = endpointOf(configuration);
  const call = await caller(configuration, endpoint);
  const TableName = `demo-${Date.now().toString(36)}`;
  const song = (artist: string, title: string) => ({ Artist: { S: artist }, Title: { S: title } });
  try {
    await call("CreateTable", {
      TableName,
      AttributeDefinitions: [
        { AttributeName: "Artist", AttributeType: "S" },
        { AttributeName: "Title", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "Artist", KeyType: "HASH" },
        { AttributeName: "Title", KeyType: "RANGE" },
      ],
      BillingMode: "PAY_PER_REQUEST",
    });
    await untilActive(call, TableName);
    for (const [title, year] of [
      ["So What", "1959"],
      ["Nardis", "1958"],
      ["Solar", "1954"],
    ] as const) {
      await call("PutItem", {
        TableName,
        Item: { ...song("Miles Davis", title), Year: { N: year } },
      });
    }
    await call("Query", {
      TableName,
      KeyConditionExpression: "Artist = :artist AND begins_with(Title, :start)",
      ExpressionAttributeValues: { ":artist": { S: "Miles Davis" }, ":start": { S: "So" } },
    });
    await call("UpdateItem", {
      TableName,
      Key: song("Miles Davis", "Solar"),
      UpdateExpression: "ADD Plays :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
      ReturnValues: "ALL_NEW",
    });
    await call("TransactWriteItems", {
      TransactItems: [
        {
          Delete: {
            TableName,
            Key: song("Miles Davis", "Nardis"),
            ConditionExpression: "attribute_exists(Title)",
          },
        },
        {
          Put: {
            TableName,
            Item: song("Bill Evans", "Nardis"),
            ConditionExpression: "attribute_not_exists(Title)",
          },
        },
      ],
    });
    await call("GetItem", { TableName, Key: song("Bill Evans", "Nardis"), ConsistentRead: true });
    await call("DeleteTable", { TableName });
    return 0;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    process.stderr.write(
      `tule: the demo stopped: ${cause instanceof Error ? cause.message : String(cause)} (is a server running at ${endpoint}?)\n`,
    );
    return 1;
  }
}

type Call = (operation: string, input: object) => Promise<Record<string, unknown>>;

/** Sends one operation, printing what goes out and what comes back. */
async function caller(configuration: Configuration, endpoint: string): Promise<Call> {
  const { clock, files } = realWorld();
  const key = await clientKey(configuration, files);
  const signer = {
    ...(key ?? { accessKeyId: configuration.account, secretAccessKey: "unknown" }),
    region: configuration.region,
    service: "dynamodb",
  };
  return async (operation, input) => {
    const body = JSON.stringify(input);
    const headers = signHeaders(
      signer,
      {
        method: "POST",
        path: "/",
        query: "",
        headers: {
          host: new URL(endpoint).host,
          "content-type": "application/x-amz-json-1.0",
          "x-amz-target": `DynamoDB_20120810.${operation}`,
        },
      },
      clock.nowMs(),
      Buffer.from(body),
    );
    process.stdout.write(`${operation} ${body}\n`);
    const startMs = clock.elapsedMs();
    const answer = await fetch(endpoint, { method: "POST", headers, body });
    const text = await answer.text();
    const tookMs = (clock.elapsedMs() - startMs).toFixed(1);
    process.stdout.write(`  ${answer.status} in ${tookMs} ms: ${shortened(text)}\n\n`);
    if (!answer.ok) throw new Error(`${operation} was answered with ${answer.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  };
}

async function untilActive(call: Call, TableName: string): Promise<void> {
  const { clock } = realWorld();
  for (let tries = 0; tries < 100; tries += 1) {
    const { Table } = await call("DescribeTable", { TableName });
    if ((Table as { TableStatus?: string }).TableStatus === "ACTIVE") return;
    await new Promise<void>((resolve) => clock.after(100, resolve));
  }
  throw new Error("the table does not become ACTIVE");
}

function shortened(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 400)} ... (${text.length} bytes)`;
}
