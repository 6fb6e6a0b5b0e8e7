import assert from "node:assert/strict";
import {
  ApplicationAutoScalingClient,
  DescribeScalingActivitiesCommand,
  PutScalingPolicyCommand,
  RegisterScalableTargetCommand,
  type ScalableDimension,
  type ScalingActivity,
} from "@aws-sdk/client-application-auto-scaling";
import {
  DescribeTableCommand,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { makeTable } from "./dynamodb-tables.ts";
import { startTule, type Tule } from "./tule.ts";
import { until } from "./until.ts";

export const TableName = "scaled";
export const tableWrites = {
  ServiceNamespace: "dynamodb",
  ResourceId: `table/${TableName}`,
  ScalableDimension: "dynamodb:table:WriteCapacityUnits",
} as const;
export const indexWrites = {
  ServiceNamespace: "dynamodb",
  ResourceId: `table/${TableName}/index/by-kind`,
  ScalableDimension: "dynamodb:index:WriteCapacityUnits",
} as const;

/** A provisioned table of 10 units with an index of 2 units, on a server of its own whose clock stands still. */
export class ScaledTable {
  readonly tule: Tule;
  readonly account: string;
  readonly dynamodb: DynamoDBClient;
  readonly scaling: ApplicationAutoScalingClient;
  #ids = 0;

  constructor(tule: Tule, account = tule.newAccount(), region = "us-east-1") {
    this.tule = tule;
    this.account = account;
    this.dynamodb = tule.dynamodb(account, { region });
    this.scaling = new ApplicationAutoScalingClient({
      endpoint: tule.endpoint,
      region,
      credentials: { accessKeyId: account, secretAccessKey: "test" },
      maxAttempts: 1,
    });
  }

  static async start(options: Parameters<typeof startTule>[0] = {}): Promise<ScaledTable> {
    const scaled = new ScaledTable(await startTule(options));
    await scaled.make();
    await scaled.time({ frozen: true });
    return scaled;
  }

  async make(): Promise<void> {
    const ProvisionedThroughput = { ReadCapacityUnits: 10, WriteCapacityUnits: 10 };
    await makeTable(this.dynamodb, {
      TableName,
      AttributeDefinitions: [
        { AttributeName: "id", AttributeType: "S" },
        { AttributeName: "kind", AttributeType: "S" },
      ],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      ProvisionedThroughput,
      GlobalSecondaryIndexes: [
        {
          IndexName: "by-kind",
          KeySchema: [{ AttributeName: "kind", KeyType: "HASH" }],
          Projection: { ProjectionType: "KEYS_ONLY" },
          ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 2 },
        },
      ],
    });
  }

  /** Answers when what became due has been done. */
  async time(change: object): Promise<void> {
    const answer = await fetch(`${this.tule.endpoint}/_tule/time`, {
      method: "POST",
      body: JSON.stringify(change),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  /** Lets minutes pass in each of which so many units a second are written. */
  async minutes(count: number, unitsPerSecond: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      for (let left = unitsPerSecond * 60; left > 0; left -= 300) {
        await this.write(Math.min(left, 300));
      }
      await this.time({ move: "+60s" });
    }
  }

  write(units: number, more: object = {}): Promise<unknown> {
    const id = String((this.#ids += 1)).padStart(6, "0");
    const text = "x".repeat(units * 1024 - "id000000text".length);
    const Item = { id: { S: id }, text: { S: text }, ...more };
    return this.dynamodb.send(new PutItemCommand({ TableName, Item }));
  }

  register(
    MinCapacity: number,
    MaxCapacity: number,
    target: { ResourceId: string; ScalableDimension: ScalableDimension } = tableWrites,
  ): Promise<unknown> {
    const input = { ServiceNamespace: "dynamodb", ...target, MinCapacity, MaxCapacity } as const;
    return this.scaling.send(new RegisterScalableTargetCommand(input));
  }

  track(TargetValue: number, more: object = {}, PolicyName = "follow"): Promise<unknown> {
    return this.scaling.send(
      new PutScalingPolicyCommand({
        ...tableWrites,
        PolicyName,
        PolicyType: "TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration: {
          TargetValue,
          PredefinedMetricSpecification: {
            PredefinedMetricType: "DynamoDBWriteCapacityUtilization",
          },
          ...more,
        },
      }),
    );
  }

  async writeUnits(): Promise<number | undefined> {
    const { Table } = await this.dynamodb.send(new DescribeTableCommand({ TableName }));
    return Table?.ProvisionedThroughput?.WriteCapacityUnits;
  }

  async untilWriteUnits(units: number): Promise<void> {
    await until(
      () => this.writeUnits(),
      (found) => found === units,
    );
  }

  async activities(IncludeNotScaledActivities = false): Promise<ScalingActivity[]> {
    const { ScalingActivities } = await this.scaling.send(
      new DescribeScalingActivitiesCommand({
        ServiceNamespace: "dynamodb",
        IncludeNotScaledActivities,
      }),
    );
    return ScalingActivities!;
  }
}
