import assert from "node:assert/strict";
import test from "node:test";
import {
  DynamoDBServiceException,
  GetItemCommand,
  PutResourcePolicyCommand,
} from "@aws-sdk/client-dynamodb";
import { tuleCommand } from "../support/command.ts";
import { makeTable, plainTable } from "../support/dynamodb-tables.ts";
import { startTule } from "../support/tule.ts";

const tule = await startTule();
const port = new URL(tule.endpoint).port;

async function explained(requestId: string): Promise<string> {
  const { output, errors } = await tuleCommand(["why-denied", requestId, "--port", port]).ended;
  return output + errors;
}

test("a request that policies denied is explained by its id", async () => {
  const owner = tule.newAccount();
  const client = tule.dynamodb(owner);
  const TableName = await makeTable(client, plainTable);
  const arn = `arn:aws:dynamodb:us-east-1:${owner}:table/${TableName}`;
  const get = new GetItemCommand({ TableName: arn, Key: { pk: { S: "a" } } });
  const idOfRefusal = async (from: typeof client): Promise<string> => {
    try {
      await from.send(get);
    } catch (error) {
      assert(error instanceof DynamoDBServiceException);
      return error.$metadata.requestId!;
    }
    assert.fail("not refused");
  };
  const stranger = tule.newAccount();
  assert.equal(
    await explained(await idOfRefusal(tule.dynamodb(stranger))),
    `arn:aws:iam::${stranger}:root\nasked for dynamodb:GetItem\non ${arn}\ndenied: no resource-based policy allows it\n`,
  );
  const statement = {
    Sid: "NoReads",
    Effect: "Deny",
    Principal: { AWS: owner },
    Action: "dynamodb:GetItem",
    Resource: "*",
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: statement });
  await client.send(new PutResourcePolicyCommand({ ResourceArn: arn, Policy }));
  assert.equal(
    await explained(await idOfRefusal(client)),
    `arn:aws:iam::${owner}:root\nasked for dynamodb:GetItem\non ${arn}\ndenied: statement "NoReads" of a resource-based policy, ${arn}\n`,
  );
  assert.match(await explained("none"), /no policy has denied a request none lately/);
});
