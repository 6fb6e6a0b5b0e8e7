import assert from "node:assert/strict";
import test from "node:test";
import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
} from "@aws-sdk/client-application-auto-scaling";
import { DAXClient, DescribeClustersCommand } from "@aws-sdk/client-dax";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient, ListStreamsCommand } from "@aws-sdk/client-dynamodb-streams";
import { ListRolesCommand } from "@aws-sdk/client-iam";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { GetAccessKeyInfoCommand } from "@aws-sdk/client-sts";
import { allowing, iamOf, makeUser, stsOf, type Keys } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

/** With --auth strict: each service lets in whom its policies allow, and nobody else. */
const rootKey = { accessKeyId: "AKIAROOT", secretAccessKey: "right" };
const account = "123456789012";
const tule = await startTule({ authentication: "strict", rootKey, account });

const configOf = (credentials: Keys) => ({
  endpoint: tule.endpoint,
  region: "us-east-1",
  credentials,
  maxAttempts: 1,
});

interface Service {
  readonly action: string;
  readonly denied: string;
  readonly forged: string;
  readonly call: (keys: Keys) => Promise<unknown>;
}

const json = { denied: "AccessDeniedException", forged: "InvalidSignatureException" };
const xml = { denied: "AccessDenied", forged: "SignatureDoesNotMatch" };

const services: readonly Service[] = [
  {
    action: "dynamodb:ListTables",
    ...json,
    call: (credentials) =>
      tule.dynamodb(undefined, { credentials }).send(new ListTablesCommand({})),
  },
  {
    action: "dynamodb:ListStreams",
    ...json,
    call: (keys) => new DynamoDBStreamsClient(configOf(keys)).send(new ListStreamsCommand({})),
  },
  {
    action: "application-autoscaling:DescribeScalableTargets",
    ...json,
    call: (keys) =>
      new ApplicationAutoScalingClient(configOf(keys)).send(
        new DescribeScalableTargetsCommand({ ServiceNamespace: "dynamodb" }),
      ),
  },
  {
    action: "dax:DescribeClusters",
    ...json,
    call: (keys) => new DAXClient(configOf(keys)).send(new DescribeClustersCommand({})),
  },
  {
    action: "s3:ListAllMyBuckets",
    ...xml,
    call: (credentials) => tule.s3(undefined, { credentials }).send(new ListBucketsCommand({})),
  },
  {
    action: "iam:ListRoles",
    ...xml,
    call: (keys) => iamOf(tule, keys).send(new ListRolesCommand({})),
  },
  {
    action: "sts:GetAccessKeyInfo",
    ...xml,
    call: (keys) =>
      stsOf(tule, keys).send(new GetAccessKeyInfoCommand({ AccessKeyId: keys.accessKeyId })),
  },
];

for (const { action, denied, forged, call } of services) {
  test(`${action} is for those whom a policy allows it, by their own signature`, async () => {
    const iam = iamOf(tule, rootKey);
    const name = action.replace(":", "-");
    const without = await makeUser(iam, `no-${name}`);
    await assert.rejects(call(without), (error: Error) => {
      assert.equal(error.name, denied);
      const start = `User: arn:aws:iam::${account}:user/no-${name} is not authorized to perform: ${action} on resource: `;
      assert.ok(error.message.startsWith(start), error.message);
      assert.ok(
        error.message.endsWith(` because no identity-based policy allows the ${action} action`),
        error.message,
      );
      return true;
    });
    const allowed = await makeUser(iam, `may-${name}`, allowing(action));
    await call(allowed);
    await assert.rejects(call({ ...allowed, secretAccessKey: "guessed" }), { name: forged });
  });
}

test("a request without a signature is refused in each protocol's words", async () => {
  const unsigned = async (request: object, code: RegExp, status: number) => {
    const answer = await tule.raw(request);
    assert.deepEqual([answer.status, code.test(answer.text)], [status, true], answer.text);
  };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  await unsigned({ target: "DynamoDB_20120810.ListTables" }, /MissingAuthenticationToken/, 400);
  await unsigned({ method: "GET", path: "/" }, /AccessDenied/, 403);
  const body = "Action=ListRoles&Version=2010-05-08";
  await unsigned({ headers: form, body }, /MissingAuthenticationToken/, 403);
});
