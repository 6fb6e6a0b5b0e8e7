import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GetItemCommand, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { tuleOf } from "../support/command.ts";
import { covers } from "../support/covers.ts";
import { ScaledTable, TableName } from "../support/scaled-table.ts";
import { until } from "../support/until.ts";

interface Offer {
  readonly capacity: string;
  readonly tableClass: string;
  readonly throughput: number;
  readonly storage: number;
  readonly total: number;
}

interface Report {
  readonly tables: readonly {
    readonly tableName: string;
    readonly usage: Readonly<Record<string, number>>;
    readonly current: Offer;
    readonly offers: readonly Offer[];
    readonly cheapest: Offer;
  }[];
  readonly total: { readonly current: number; readonly cheapest: number };
}

async function report({ tule, account }: ScaledTable): Promise<Report> {
  const answer = await fetch(`${tule.endpoint}/_tule/cost/${account}/us-east-1`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Report;
}

const near = (found: number | undefined, expected: number, share = 0.02): void =>
  assert(
    found !== undefined && Math.abs(found - expected) <= expected * share,
    `${found}, not ${expected}`,
  );

describe("tule cost", () => {
  test("reads the metered traffic and prints the bill of each way to run a table", async () => {
    covers("dynamodb.PutItem", "dynamodb.GetItem");
    const scaled = await ScaledTable.start({ throttle: false });
    const { tule, account } = scaled;
    // A day: 300 units a minute in its first hour, and nothing after that.
    await scaled.minutes(60, 5);
    for (let at = 0; at < 100; at++) {
      const Key = { id: { S: "000001" } };
      await scaled.dynamodb.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    }
    await scaled.time({ move: "+23h" });
    const { tables, total } = await report(scaled);
    const [table, ...others] = tables;
    assert.deepEqual(others, []);
    assert.equal(table!.usage["writeUnits"], 18_000);
    assert.equal(table!.usage["readUnits"], 7_500);
    near(table!.usage["hours"], 24);
    // The table and its index, as provisioned: 12 units of each, all day.
    near(table!.current.throughput, 12 * 730 * (0.00065 + 0.00013));
    const onDemand = table!.offers.find(
      ({ capacity, tableClass }) => capacity === "on-demand" && tableClass === "STANDARD",
    );
    const days = 730 / 24;
    near(onDemand?.throughput, (days * (18_000 * 0.625 + 7_500 * 0.125)) / 1e6);
    near(total.current, table!.current.total);
    assert.equal(table!.cheapest.capacity, "on-demand");
    const largest = table!.offers.map((offer) => offer.storage);
    near(Math.max(...largest) / Math.min(...largest), 2.5, 0.0001);

    const { code, output, errors } = await tuleOf(tule.endpoint, "cost", "--account", account);
    assert.equal(code, 0, errors);
    assert.match(output, /scaled: 22\d\.\d k read units, 54\d\.\d k write units, .* 24\.\d hours/);
    assert.match(output, /on-demand +\$0\.\d+ cheapest/);
    assert.match(output, /provisioned as it is +\$\d+\.\d\d now/);
    assert.match(
      output,
      /All tables: \$\d+\.\d+ as they are, \$\d+\.\d+ each in its cheapest way\./,
    );
    const json = await tuleOf(tule.endpoint, "cost", "--account", account, "--json");
    assert.equal((JSON.parse(json.output) as Report).tables[0]?.tableName, TableName);
  });

  test("what was provisioned before counts for its time, and the class for all", async () => {
    covers("dynamodb.UpdateTable");
    const scaled = await ScaledTable.start();
    await scaled.time({ move: "+12h" });
    const ProvisionedThroughput = { ReadCapacityUnits: 10, WriteCapacityUnits: 110 };
    await scaled.dynamodb.send(new UpdateTableCommand({ TableName, ProvisionedThroughput }));
    await until(
      () => scaled.writeUnits(),
      (units) => units === 110,
    );
    await scaled.time({ move: "+5m" });
    await scaled.time({ move: "+11h55m" });
    const [table] = (await report(scaled)).tables;
    // 12 hours of 10 units and 12 hours of 110, and 2 of the index.
    near(table!.current.throughput, 730 * (62 * 0.00065 + 12 * 0.00013));
    await scaled.dynamodb.send(
      new UpdateTableCommand({ TableName, TableClass: "STANDARD_INFREQUENT_ACCESS" }),
    );
    const [changed] = (await report(scaled)).tables;
    assert.equal(changed!.current.tableClass, "STANDARD_INFREQUENT_ACCESS");
    assert(changed!.current.throughput > table!.current.throughput);
  });

  test("an account without tables owes nothing", async () => {
    covers("dynamodb.CreateTable");
    const scaled = await ScaledTable.start();
    const { code, output } = await tuleOf(scaled.tule.endpoint, "cost", "--region", "eu-west-1");
    assert.equal(code, 0);
    assert.match(output, /There are no tables\./);
    assert.match(output, /List prices of us-east-1 \(there are none of eu-west-1 here\)/);
    const answer = await fetch(`${scaled.tule.endpoint}/_tule/cost/somewhere`);
    assert.equal(answer.status, 400);
  });
});
