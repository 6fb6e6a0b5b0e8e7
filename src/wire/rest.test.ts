import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Model } from "#models/shape-table.ts";
import type { DecodeRequest, Protocol } from "./protocol.ts";
import { restJsonProtocol } from "./rest-json.ts";
import { restXmlProtocol } from "./rest-xml.ts";
import { streamsInput } from "./rest.ts";
import { type OperationModel, ServiceModel } from "./shapes.ts";

const shapes: Model["shapes"] = {
  Bound: {
    type: "structure",
    members: {
      Name: { shape: "Text", location: "uri", locationName: "name" },
      Path: { shape: "Text", location: "uri", locationName: "Path" },
      Limit: { shape: "Count", location: "querystring", locationName: "limit" },
      Tags: { shape: "Texts", location: "querystring", locationName: "tag" },
      Rest: { shape: "TextMap", location: "querystring" },
      Since: { shape: "Time", location: "querystring", locationName: "since" },
      Modified: { shape: "Time", location: "header", locationName: "If-Modified-Since" },
      Kinds: { shape: "Texts", location: "header", locationName: "X-Kinds" },
      Meta: { shape: "TextMap", location: "headers", locationName: "x-meta-" },
      Description: { shape: "Text" },
      At: { shape: "Time", locationName: "at" },
      Items: { shape: "Texts" },
    },
  },
  Stream: {
    type: "structure",
    payload: "Body",
    members: {
      Body: { shape: "Body" },
      Kind: { shape: "Text", location: "header", locationName: "Content-Type" },
    },
  },
  Config: {
    type: "structure",
    payload: "Inner",
    members: { Inner: { shape: "Inner", locationName: "InnerConfig" } },
  },
  Inner: {
    type: "structure",
    members: { Rule: { shape: "Rules", flattened: true }, On: { shape: "Flag" } },
  },
  Rules: { type: "list", member: { shape: "Text" } },
  Status: {
    type: "structure",
    members: { Code: { shape: "Count", location: "statusCode" }, Text: { shape: "Text" } },
  },
  Missing: {
    type: "structure",
    exception: true,
    error: { httpStatusCode: 404 },
    members: {
      Message: { shape: "Text" },
      Type: { shape: "Text" },
      retry: { shape: "Text", location: "header", locationName: "Retry-After" },
    },
  },
  Body: { type: "blob", streaming: true },
  Text: { type: "string" },
  Texts: { type: "list", member: { shape: "Text" } },
  TextMap: { type: "map", key: { shape: "Text" }, value: { shape: "Text" } },
  Count: { type: "integer" },
  Flag: { type: "boolean" },
  Time: { type: "timestamp" },
};

function serviceOf(protocol: "rest-json" | "rest-xml"): ServiceModel {
  const operation = (shape: string, requestUri: string) => ({
    http: { method: "POST", requestUri },
    input: { shape },
    output: { shape },
    errors: [{ shape: "Missing" }],
  });
  return new ServiceModel("x", {
    source: "test",
    metadata: { apiVersion: "2020-01-01", endpointPrefix: "x", protocol, serviceId: "X" },
    operations: {
      Bind: operation("Bound", "/v1/{name}/files/{Path+}?mode=all"),
      Stream: operation("Stream", "/stream"),
      Configure: operation("Config", "/config"),
      Status: operation("Status", "/status"),
    },
    shapes,
  });
}

const services = { "rest-json": serviceOf("rest-json"), "rest-xml": serviceOf("rest-xml") };

function operation(protocol: keyof typeof services, name: string): OperationModel {
  const found = services[protocol].operation(name);
  assert(found, name);
  return found;
}

const request = (
  change: Partial<Omit<DecodeRequest, "body">> & { body?: string },
): DecodeRequest => ({
  method: "POST",
  path: "/",
  query: "",
  headers: {},
  ...change,
  body: Buffer.from(change.body ?? ""),
});

const bodies: Record<string, [Protocol, string]> = {
  "rest-json": [
    restJsonProtocol,
    '{"Description":"d","at":1700000000,"Items":["i"],"Name":"not here","Rest":{"x":1}}',
  ],
  "rest-xml": [
    restXmlProtocol,
    "<Bound><Description>d</Description><at>2023-11-14T22:13:20Z</at><Items><member>i</member></Items><Name>not here</Name></Bound>",
  ],
};

describe("the REST protocols", () => {
  for (const [name, [protocol, body]] of Object.entries(bodies)) {
    it(`${name} gathers an input from path, query, headers and body`, () => {
      const input = protocol.decode(
        operation(name as keyof typeof services, "Bind"),
        request({
          path: "/v1/a%2Fb/files/c/d%20e/",
          query: "mode=all&limit=5&tag=x&tag=y%26&other=o+p&since=2023-11-14T22%3A13%3A20Z",
          headers: {
            "if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT",
            "x-kinds": 'a, "b,\\"c"',
            "x-meta-k": "v",
          },
          body,
        }),
      );
      assert.deepEqual(input, {
        Name: "a/b",
        Path: "c/d e/",
        Limit: 5,
        Tags: ["x", "y&"],
        Rest: { other: "o p" },
        Since: 1_700_000_000_000,
        Modified: 1_700_000_000_000,
        Kinds: ["a", 'b,"c'],
        Meta: { k: "v" },
        Description: "d",
        At: 1_700_000_000_000,
        Items: ["i"],
      });
    });
  }

  it("hand a stream through without reading it", () => {
    const stream = (async function* () {
      yield Buffer.from("abc");
    })();
    const of = operation("rest-xml", "Stream");
    assert.equal(streamsInput(of), true);
    const headers = { "content-type": "text/plain" };
    assert.deepEqual(restXmlProtocol.decode(of, { ...request({ headers }), stream }), {
      Body: stream,
      Kind: "text/plain",
    });
    const answer = restXmlProtocol.encode(of, { Body: stream, Kind: "image/png" }, "R");
    assert.equal(answer.stream, stream);
    assert.equal(answer.headers["content-type"], "image/png");
  });

  it("read and write a member that is the whole body", () => {
    const value = { Inner: { Rule: ["a", "b"], On: true } };
    const xml = operation("rest-xml", "Configure");
    const text = "<InnerConfig><Rule>a</Rule><Rule>b</Rule><On>true</On></InnerConfig>";
    assert.deepEqual(restXmlProtocol.decode(xml, request({ body: text })), value);
    assert.equal(
      String(restXmlProtocol.encode(xml, value, "R").body),
      `<?xml version="1.0" encoding="UTF-8"?>\n${text}`,
    );
    const json = operation("rest-json", "Configure");
    assert.deepEqual(
      restJsonProtocol.decode(json, request({ body: JSON.stringify(value.Inner) })),
      value,
    );
    assert.equal(
      String(restJsonProtocol.encode(json, value, "R").body),
      JSON.stringify(value.Inner),
    );
  });

  it("take the status from the output where the model says so", () => {
    const { status, body } = restJsonProtocol.encode(
      operation("rest-json", "Status"),
      { Code: 202, Text: "t" },
      "R",
    );
    assert.equal(status, 202);
    assert.equal(String(body), '{"Text":"t"}');
  });

  it("let no line break out of a header", () => {
    const { headers } = restXmlProtocol.encode(
      operation("rest-xml", "Bind"),
      { Meta: { a: "b\r\nset-cookie: c" } },
      "R",
    );
    assert.equal(headers["x-meta-a"], "b  set-cookie: c");
  });

  it("answer errors each in their own form", () => {
    const error = { code: "Missing", message: "no <x>", members: { Type: "User", retry: "3" } };
    const json = restJsonProtocol.encodeError(
      services["rest-json"],
      operation("rest-json", "Bind"),
      error,
      "R",
    );
    assert.equal(json.status, 404);
    assert.equal(json.headers["x-amzn-errortype"], "Missing");
    assert.equal(json.headers["retry-after"], "3");
    assert.deepEqual(JSON.parse(String(json.body)), { Message: "no <x>", Type: "User" });
    const xml = restXmlProtocol.encodeError(undefined, undefined, error, "R");
    assert.equal(
      String(xml.body),
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>Missing</Code><Message>no &lt;x&gt;</Message>' +
        "<Type>User</Type><retry>3</retry><RequestId>R</RequestId><HostId>R</HostId></Error>",
    );
  });

  it("answer broken escapes in paths and queries with a client's error", () => {
    for (const change of [
      { path: "/v1/%zz/files/a" },
      { path: "/v1/a/files/%ff" },
      { path: "/v1/a/files/b", query: "tag=%" },
    ]) {
      assert.throws(
        () => restJsonProtocol.decode(operation("rest-json", "Bind"), request(change)),
        {
          code: "SerializationException",
        },
      );
    }
  });
});
