import type { CostReport } from "#services/dynamodb/cost/cost-report.ts";
import { askServer } from "./ask-server.ts";
import type { Configuration } from "./configuration.ts";

type TableReport = CostReport["tables"][number];
type Offer = TableReport["current"];

/** Prints what the tables of the configured account and region would cost on AWS. */
export async function cost(configuration: Configuration, asJson: boolean): Promise<number> {
  const { account, region } = configuration;
  const report = await askServer<CostReport>(configuration, "GET", `cost/${account}/${region}`);
  process.stdout.write(asJson ? `${JSON.stringify(report, undefined, 2)}\n` : textOf(report));
  return 0;
}

function textOf({ account, region, prices, tables, total }: CostReport): string {
  const foreign = region === prices.region ? "" : ` (there are none of ${region} here)`;
  const head = [
    `DynamoDB of account ${account} in ${region}, in dollars a month of 730 hours, projected from what was measured.`,
    `List prices of ${prices.region}${foreign}, ${prices.date}, without free tiers and reservations.`,
  ];
  if (tables.length === 0) return [...head, "", "There are no tables.", ""].join("\n");
  const last = [
    "",
    `All tables: ${dollars(total.current)} as they are, ${dollars(total.cheapest)} each in its cheapest way.`,
    "",
  ];
  return [...head, ...tables.flatMap(tableLines), ...last].join("\n");
}

const classNames = { STANDARD: "Standard", STANDARD_INFREQUENT_ACCESS: "Standard-IA" };
const classes = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"] as const;

function tableLines({ tableName, usage, offers, current, cheapest }: TableReport): string[] {
  const perMonth = 730 / usage.hours;
  const facts = [
    `${amount(usage.readUnits * perMonth)} read units`,
    `${amount(usage.writeUnits * perMonth)} write units`,
    `${amount(usage.storedByteHours / usage.hours)} bytes stored`,
  ].join(", ");
  const capacities = [...new Set(offers.map((offer) => offer.capacity))];
  const width = Math.max(...capacities.map((capacity) => capacity.length));
  const cell = (offer: Offer | undefined): string => {
    if (offer === undefined) return "";
    const marks = [
      ...(isSame(offer, cheapest) ? ["cheapest"] : []),
      ...(isSame(offer, current) ? ["now"] : []),
    ];
    return `${dollars(offer.total).padStart(12)} ${marks.join(", ")}`.padEnd(28);
  };
  return [
    "",
    `${tableName}: ${facts}, measured for ${duration(usage.hours)}`,
    `  ${"".padEnd(width)}  ${classes.map((name) => classNames[name].padStart(12).padEnd(28)).join("")}`.trimEnd(),
    ...capacities.map((capacity) => {
      const cells = classes.map((tableClass) =>
        cell(offers.find((one) => one.capacity === capacity && one.tableClass === tableClass)),
      );
      return `  ${capacity.padEnd(width)}  ${cells.join("")}`.trimEnd();
    }),
  ];
}

function isSame(one: Offer, other: Offer): boolean {
  return one.capacity === other.capacity && one.tableClass === other.tableClass;
}

function dollars(value: number): string {
  return `$${value.toFixed(value > 0 && value < 0.1 ? 4 : 2)}`;
}

function amount(value: number): string {
  for (const [size, unit] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= size) return `${(value / size).toFixed(1)} ${unit}`;
  }
  return String(Math.round(value));
}

function duration(hours: number): string {
  if (hours >= 48) return `${(hours / 24).toFixed(1)} days`;
  return hours >= 1 ? `${hours.toFixed(1)} hours` : `${Math.round(hours * 60)} minutes`;
}
