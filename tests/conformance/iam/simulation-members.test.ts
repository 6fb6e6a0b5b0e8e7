import assert from "node:assert/strict";
import test from "node:test";
import { IAMClient, SimulateCustomPolicyCommand } from "@aws-sdk/client-iam";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

test("what a simulation would not obey is refused, not passed over", async () => {
  const iam = new IAMClient({
    endpoint: tule.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: tule.newAccount(), secretAccessKey: "test" },
    maxAttempts: 1,
  });
  const Statement = [{ Effect: "Allow", Action: "*", Resource: "*" }];
  const asked = {
    PolicyInputList: [JSON.stringify({ Version: "2012-10-17", Statement })],
    ActionNames: ["ec2:RunInstances"],
  };
  await iam.send(new SimulateCustomPolicyCommand(asked));
  for (const more of [
    { ResourceHandlingOption: "EC2-VPC-EBS" },
    { ResourceOwner: "arn:aws:iam::1:root" },
  ]) {
    await assert.rejects(iam.send(new SimulateCustomPolicyCommand({ ...asked, ...more })), {
      name: "NotImplemented",
    });
  }
  iam.destroy();
});
