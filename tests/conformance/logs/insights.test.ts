import assert from "node:assert/strict";
import test from "node:test";
import {
  DeleteIndexPolicyCommand,
  DeleteQueryDefinitionCommand,
  DescribeFieldIndexesCommand,
  DescribeIndexPoliciesCommand,
  DescribeQueriesCommand,
  DescribeQueryDefinitionsCommand,
  GetLogGroupFieldsCommand,
  GetLogRecordCommand,
  GetQueryResultsCommand,
  type GetQueryResultsCommandOutput,
  ListLogGroupsForQueryCommand,
  MalformedQueryException,
  PutIndexPolicyCommand,
  PutQueryDefinitionCommand,
  StartQueryCommand,
  type StartQueryCommandInput,
  StopQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { covers } from "../../support/covers.ts";
import { Logs, refusal } from "../../support/logs.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const hourMs = 3_600_000;

function start(logs: Logs, queryString: string, input: Partial<StartQueryCommandInput> = {}) {
  const nowSeconds = Math.floor(Date.now() / 1000);
  return logs.client.send(
    new StartQueryCommand({
      logGroupName: logs.group,
      startTime: nowSeconds - 3_600,
      endTime: nowSeconds + 3_600,
      queryString,
      ...input,
    }),
  );
}

async function answerOf(
  logs: Logs,
  queryString: string,
  input: Partial<StartQueryCommandInput> = {},
): Promise<GetQueryResultsCommandOutput> {
  const { queryId } = await start(logs, queryString, input);
  return until(
    () => logs.client.send(new GetQueryResultsCommand({ queryId })),
    ({ status }) => status !== "Scheduled" && status !== "Running",
  );
}

/** Rows without their pointers. */
async function rowsOf(logs: Logs, queryString: string): Promise<Record<string, string>[]> {
  const { results, status } = await answerOf(logs, queryString);
  assert.equal(status, "Complete");
  return results!.map((row) =>
    Object.fromEntries(
      row
        .filter(({ field }) => field !== "@ptr")
        .map(({ field, value }) => [field!, value!] as const),
    ),
  );
}

async function check(
  logs: Logs,
  cases: readonly (readonly [query: string, rows: readonly Record<string, string>[]])[],
): Promise<void> {
  for (const [query, rows] of cases) assert.deepEqual(await rowsOf(logs, query), rows, query);
}

const startMs = Math.floor(Date.now() / hourMs) * hourMs;

async function requests(): Promise<Logs> {
  const logs = await Logs.in(tule);
  const events = [
    { path: "/a", status: 200, ms: 10, user: { name: "ann" } },
    { path: "/a", status: 500, ms: 90, user: { name: "bob" } },
    { path: "/b", status: 200, ms: 30, user: { name: "ann" } },
    { path: "/b", status: 404, ms: 2.5 },
  ];
  await logs.put(events.map((event) => JSON.stringify(event)));
  return logs;
}

test("a query without commands of its own shows the latest events, and where to read them whole", async () => {
  covers("logs.StartQuery", "logs.GetQueryResults", "logs.GetLogRecord");
  const logs = await Logs.in(tule);
  await logs.put(["first", '{"a":{"b":1}} ', "third"]);
  const { results, statistics, queryLanguage } = await answerOf(
    logs,
    "fields @timestamp, @message",
  );
  assert.equal(queryLanguage, "CWLI");
  assert.deepEqual(
    results!.map((row) => row.find(({ field }) => field === "@message")!.value),
    ["third", '{"a":{"b":1}} ', "first"],
  );
  assert.match(results![0]![0]!.value!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
  assert.equal(statistics!.recordsMatched, 3);
  assert.equal(statistics!.recordsScanned, 3);
  assert(statistics!.bytesScanned! > 20);
  const pointer = results![1]!.find(({ field }) => field === "@ptr")!.value!;
  const { logRecord } = await logs.client.send(
    new GetLogRecordCommand({ logRecordPointer: pointer }),
  );
  assert.equal(logRecord!["@message"], '{"a":{"b":1}} ');
  assert.equal(logRecord!["a.b"], "1");
  assert.equal(logRecord!["@logStream"], "one");
});

test("filters find events by their fields", async () => {
  covers("logs.StartQuery", "logs.GetQueryResults");
  const logs = await requests();
  const found = async (condition: string): Promise<string> => {
    const rows = await rowsOf(logs, `fields ms | filter ${condition} | sort ms asc`);
    return rows.map(({ ms }) => ms).join(" ");
  };
  const cases: Record<string, string> = {
    "status = 200": "10 30",
    'status = "200"': "10 30",
    "status != 200": "2.5 90",
    "status >= 404 and path = '/a'": "90",
    "status > 499 or ms < 3": "2.5 90",
    "not (status = 200)": "2.5 90",
    "status in [404, 500]": "2.5 90",
    "status not in [404, 500]": "10 30",
    "path like /^\\/A/": "",
    "path like /(?i)^\\/A/": "10 90",
    '@message like "bob"': "90",
    "@message not like /ann|bob/": "2.5",
    "path =~ /b/": "2.5 30",
    "user.name = 'ann'": "10 30",
    "ispresent(user.name)": "10 30 90",
    "not ispresent(user.name)": "2.5",
    "strlen(path) + ms * 2 ^ 2 > 200": "90",
    "ms % 20 = 10": "10 30 90",
    "@logStream = 'one' && ms = 10": "10",
    "strcontains(path, 'b')": "2.5 30",
  };
  for (const [condition, expected] of Object.entries(cases)) {
    assert.equal(await found(condition), expected, condition);
  }
});

test("stats count over all events, by fields and by time", async () => {
  covers("logs.StartQuery", "logs.GetQueryResults");
  const logs = await requests();
  await check(logs, [
    ["stats count(*)", [{ "count(*)": "4" }]],
    ["filter ms > 1000 | stats count(*) as n", [{ n: "0" }]],
    [
      "stats count(*) as n, avg(ms), max(ms) as most, sum(ms) by path",
      [
        { path: "/a", n: "2", "avg(ms)": "50", most: "90", "sum(ms)": "100" },
        { path: "/b", n: "2", "avg(ms)": "16.25", most: "30", "sum(ms)": "32.5" },
      ],
    ],
    [
      "stats count_distinct(user.name) as users, count(user.name) as known, median(ms) as half, min(ms)",
      [{ users: "2", known: "3", half: "20", "min(ms)": "2.5" }],
    ],
    [
      "stats pct(ms, 50) as p50, pct(ms, 100), stddev(ms) as spread",
      [{ p50: "20", "pct(ms, 100)": "90", spread: "39.6534" }],
    ],
    ["stats earliest(ms) as one, latest(ms) as last", [{ one: "10", last: "2.5" }]],
    ["stats sum(ms) as total by path | sort total desc | limit 1", [{ path: "/a", total: "100" }]],
    ["stats sum(ms) as total by path | stats max(total) as most", [{ most: "100" }]],
    [
      "stats count(*) by status >= 400 as bad",
      [
        { bad: "0", "count(*)": "2" },
        { bad: "1", "count(*)": "2" },
      ],
    ],
  ]);
  const [bin] = await rowsOf(logs, "stats count(*) as n by bin(1d)");
  assert.match(bin!["bin(1d)"]!, /^\d{4}-\d\d-\d\d 00:00:00\.000$/);
});

test("parse makes fields of what stands between, or of an expression's groups", async () => {
  covers("logs.StartQuery", "logs.GetQueryResults");
  const logs = await Logs.in(tule);
  await logs.put([
    "user=ann, method:GET, latency := 12",
    "user=bob, method:PUT, latency := 30",
    "something else",
  ]);
  await check(logs, [
    [
      'parse @message "user=*, method:*, latency := *" as user, method, latency | filter latency > 20 | display user, method',
      [{ user: "bob", method: "PUT" }],
    ],
    [
      "parse @message /user=(?<name>\\w+), .*:= (?<took>\\d+)/ | filter ispresent(name) | stats avg(took) as t by name",
      [
        { name: "ann", t: "12" },
        { name: "bob", t: "30" },
      ],
    ],
    [
      "parse 'user=*,' as @who | filter ispresent(@who) | sort @who desc | fields @who",
      [{ "@who": "bob" }, { "@who": "ann" }],
    ],
  ]);
});

test("functions make values of values", async () => {
  covers("logs.StartQuery", "logs.GetQueryResults");
  const logs = await Logs.in(tule);
  await logs.put([
    '{"text":" Abc ","ip":"10.1.2.3","six":"2001:db8::1","n":-7.5,"at":1700000000000}',
  ]);
  const values: Record<string, string> = {
    "abs(n)": "7.5",
    "ceil(n)": "-7",
    "floor(n)": "-8",
    "sqrt(16)": "4",
    "greatest(1, n, 3)": "3",
    "least(1, n, 3)": "-7.5",
    "trim(text)": "Abc",
    "ltrim(text)": "Abc ",
    "toupper(text)": " ABC ",
    "tolower(trim(text))": "abc",
    "strlen(text)": "5",
    "substr(text, 1, 2)": "Ab",
    'replace(text, "b", "x")': " Axc ",
    'concat("a", 1, "b")': "a1b",
    "coalesce(missing, n)": "-7.5",
    "isempty(missing)": "1",
    'isblank("  ")': "1",
    "isValidIp(ip)": "1",
    "isValidIpV6(ip)": "0",
    'isIpv4InSubnet(ip, "10.0.0.0/8")': "1",
    'isIpv6InSubnet(six, "2001:db8::/32")': "1",
    'isIpInSubnet(ip, "11.0.0.0/8")': "0",
    "fromMillis(at)": "2023-11-14 22:13:20.000",
    "datefloor(fromMillis(at), 1h)": "2023-11-14 22:00:00.000",
    "dateceil(fromMillis(at), 1d)": "2023-11-15 00:00:00.000",
    "toMillis(fromMillis(at))": "1700000000000",
    "2 + 3 * 4": "14",
    "2 ^ 3 ^ 1": "8",
    "7 % 4": "3",
  };
  for (const [expression, expected] of Object.entries(values)) {
    const [row] = await rowsOf(logs, `fields ${expression} as value | display value`);
    assert.equal(row!["value"], expected, expression);
  }
});

test("rows are sorted, limited and told apart", async () => {
  covers("logs.StartQuery", "logs.GetQueryResults");
  const logs = await requests();
  await check(logs, [
    ["fields ms | sort ms desc | limit 2", [{ ms: "90" }, { ms: "30" }]],
    [
      "fields path, ms | sort path asc, ms desc | limit 3",
      [
        { path: "/a", ms: "90" },
        { path: "/a", ms: "10" },
        { path: "/b", ms: "30" },
      ],
    ],
    ["fields path | dedup path", [{ path: "/b" }, { path: "/a" }]],
    [
      "fields path, ms | sort ms desc | dedup path",
      [
        { path: "/a", ms: "90" },
        { path: "/b", ms: "30" },
      ],
    ],
    ["fields ms | limit 1", [{ ms: "2.5" }]],
    ["fields ms | display path | filter ms = 90", [{ path: "/a" }]],
    ["# a comment\nfields ms # another\n| filter ms = 90", [{ ms: "90" }]],
  ]);
  const { results } = await answerOf(logs, "fields ms", { limit: 3 });
  assert.equal(results!.length, 3);
});

test("messages that differ only in numbers are one pattern", async () => {
  covers("logs.StartQuery");
  const logs = await Logs.in(tule);
  await logs.put(["ERROR 12 of 40 failed", "ERROR 3 of 9 failed", "INFO started"]);
  const rows = await rowsOf(logs, "pattern @message");
  assert.deepEqual(rows, [
    {
      "@pattern": "ERROR <Token-1> of <Token-2> failed",
      "@ratio": "0.6667",
      "@sampleCount": "2",
      "@severityLabel": "ERROR",
    },
    {
      "@pattern": "INFO started",
      "@ratio": "0.3333",
      "@sampleCount": "1",
      "@severityLabel": "INFO",
    },
  ]);
});

test("Lambda's own lines have fields", async () => {
  covers("logs.StartQuery");
  const logs = await Logs.in(tule);
  await logs.put([
    "START RequestId: 5a Version: $LATEST",
    "REPORT RequestId: 5a\tDuration: 3.25 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t",
  ]);
  await check(logs, [
    [
      'filter @type = "REPORT" | stats max(@duration) as d, max(@memorySize / 1000 / 1000) as mb, max(@billedDuration) as b by @requestId',
      [{ "@requestId": "5a", d: "3.25", mb: "128", b: "4" }],
    ],
  ]);
});

test("only the window that was asked for is read", async () => {
  covers("logs.StartQuery");
  const logs = await Logs.in(tule);
  const atMs = startMs - hourMs;
  await logs.put(["a", "b", "c"].map((message, at) => ({ timestamp: atMs + at * 1000, message })));
  const seconds = atMs / 1000;
  const messages = async (input: Partial<StartQueryCommandInput>) =>
    (await answerOf(logs, "fields @message | sort @timestamp asc", input))
      .results!.map((row) => row[0]!.value)
      .join(" ");
  assert.equal(await messages({ startTime: seconds, endTime: seconds + 1 }), "a b");
  assert.equal(await messages({ startTime: atMs + 1, endTime: atMs + 2_000 }), "b c");
});

test("queries are described, listed and stopped", async () => {
  covers("logs.DescribeQueries", "logs.StopQuery", "logs.ListLogGroupsForQuery");
  const logs = await Logs.in(tule);
  const startTime = Math.floor(startMs / 1000);
  const times = { startTime, endTime: startTime + 10 };
  const { queryId } = await start(logs, "fields @message", times);
  const described = () =>
    logs.client.send(new DescribeQueriesCommand({ logGroupName: logs.group, status: "Complete" }));
  const { queries } = await until(described, (answer) => answer.queries!.length === 1);
  assert.deepEqual(
    { ...queries![0], createTime: 0 },
    {
      createTime: 0,
      logGroupName: logs.group,
      queryId,
      queryLanguage: "CWLI",
      // Recorded.
      queryString: `SOURCE "${logs.group}" START=${startTime}000 END=${startTime + 10}999 | fields @message`,
      status: "Complete",
    },
  );
  const scheduled = await logs.client.send(new DescribeQueriesCommand({ status: "Scheduled" }));
  assert.deepEqual(scheduled.queries, []);
  const groups = await logs.client.send(new ListLogGroupsForQueryCommand({ queryId }));
  assert.deepEqual(groups.logGroupIdentifiers, [logs.group]);
  assert.match(
    await refusal(logs.client.send(new StopQueryCommand({ queryId }))),
    /^InvalidParameterException: Query is already ended/,
  );
});

test("what is no query is refused, and where", async () => {
  covers("logs.StartQuery");
  const logs = await Logs.in(tule);
  for (const query of [
    "fields",
    "filter status >",
    "stats foo(*)",
    "nonsense x",
    "fields nope(1)",
  ]) {
    await assert.rejects(start(logs, query), (problem) => {
      assert(problem instanceof MalformedQueryException, `${query}: ${String(problem)}`);
      assert(problem.queryCompileError!.location!.endCharOffset! <= query.length);
      return true;
    });
  }
  assert.match(await refusal(start(logs, "fields a | anomaly")), /^NotImplemented/);
  assert.match(
    await refusal(start(logs, "fields a", { logGroupName: "none" })),
    /^ResourceNotFoundException: The specified log group does not exist\.$/,
  );
});

test("an index spares queries what cannot match", async () => {
  covers(
    "logs.PutIndexPolicy",
    "logs.DescribeIndexPolicies",
    "logs.DeleteIndexPolicy",
    "logs.DescribeFieldIndexes",
  );
  const logs = await Logs.in(tule);
  const logGroupIdentifiers = [logs.group];
  const policyDocument = '{"Fields":["requestId"]}';
  await logs.client.send(
    new PutIndexPolicyCommand({ logGroupIdentifier: logs.group, policyDocument }),
  );
  for (let batch = 0; batch < 5; batch += 1) {
    await logs.put(
      Array.from({ length: 1_000 }, (_, at) =>
        JSON.stringify({ requestId: `${batch}-${at % 10}`, text: "x".repeat(60) }),
      ),
      Date.now() + batch,
    );
  }
  const query = 'filter requestId = "3-4" | stats count(*) as n';
  const { results, statistics } = await answerOf(logs, query);
  assert.equal(results![0]![0]!.value, "100");
  assert.equal(statistics!.recordsScanned, 1_000);
  assert.equal(statistics!.estimatedRecordsSkipped, 4_000);
  const all = await answerOf(logs, "stats count(*) as n");
  assert.equal(all.results![0]![0]!.value, "5000");
  const policies = await logs.client.send(
    new DescribeIndexPoliciesCommand({ logGroupIdentifiers }),
  );
  assert.equal(policies.indexPolicies![0]!.policyDocument, policyDocument);
  const indexes = await logs.client.send(new DescribeFieldIndexesCommand({ logGroupIdentifiers }));
  assert.equal(indexes.fieldIndexes![0]!.fieldIndexName, "requestId");
  await logs.client.send(new DeleteIndexPolicyCommand({ logGroupIdentifier: logs.group }));
  const none = await logs.client.send(new DescribeIndexPoliciesCommand({ logGroupIdentifiers }));
  assert.deepEqual(none.indexPolicies, []);
  const invalid = new PutIndexPolicyCommand({
    logGroupIdentifier: logs.group,
    policyDocument: "{}",
  });
  assert.match(await refusal(logs.client.send(invalid)), /^InvalidParameterException/);
});

test("query definitions are kept", async () => {
  covers("logs.PutQueryDefinition", "logs.DescribeQueryDefinitions", "logs.DeleteQueryDefinition");
  const { client } = await Logs.in(tule);
  const named = { name: "errors/all", queryString: "filter @message like /ERROR/" };
  const { queryDefinitionId } = await client.send(new PutQueryDefinitionCommand(named));
  await client.send(
    new PutQueryDefinitionCommand({ ...named, queryDefinitionId, logGroupNames: ["/a"] }),
  );
  const list = async (queryDefinitionNamePrefix?: string) =>
    (await client.send(new DescribeQueryDefinitionsCommand({ queryDefinitionNamePrefix })))
      .queryDefinitions!;
  const [definition] = await list("errors");
  assert.deepEqual(definition!.logGroupNames, ["/a"]);
  assert.deepEqual(await list("other"), []);
  await client.send(new DeleteQueryDefinitionCommand({ queryDefinitionId }));
  assert.match(
    await refusal(client.send(new DeleteQueryDefinitionCommand({ queryDefinitionId }))),
    /^ResourceNotFoundException/,
  );
});

test("a group's fields are counted", async () => {
  covers("logs.GetLogGroupFields");
  const logs = await requests();
  await logs.put(["plain text"]);
  const { logGroupFields } = await logs.client.send(
    new GetLogGroupFieldsCommand({ logGroupName: logs.group, time: Date.now() }),
  );
  const percents = Object.fromEntries(logGroupFields!.map(({ name, percent }) => [name, percent]));
  assert.equal(percents["@message"], 100);
  assert.equal(percents["ms"], 80);
  assert.equal(percents["user.name"], 60);
});
