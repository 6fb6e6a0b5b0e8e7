import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { JsonBytes } from "#base/json-bytes.ts";
import { jsonProtocol } from "./json.ts";
import { WireProblem } from "./protocol.ts";
import { loadServiceModel, type OperationModel } from "./shapes.ts";

const dynamodb = await loadServiceModel("dynamodb");
assert(dynamodb);
const json = jsonProtocol("1.0");

function operation(name: string): OperationModel {
  const found = dynamodb?.operation(name);
  assert(found, name);
  return found;
}

const decode = (name: string, body: unknown): unknown =>
  json.decode(operation(name), {
    method: "POST",
    path: "/",
    query: "",
    headers: {},
    body: typeof body === "string" ? Buffer.from(body) : Buffer.from(JSON.stringify(body)),
  });

function problemOf(name: string, body: unknown): { code: string; message: string | undefined } {
  try {
    decode(name, body);
  } catch (error) {
    assert(error instanceof WireProblem, String(error));
    return { code: error.code, message: error.hasMessage ? error.message : undefined };
  }
  throw new Error(`${JSON.stringify(body)} was taken`);
}

describe("JSON requests", () => {
  it("leaves attribute values in their wire form, binaries included", () => {
    const item = { a: { S: "x" }, b: { B: "AAE=" }, l: { L: [{ M: { n: { N: "1" } } }] } };
    assert.deepEqual(decode("PutItem", { TableName: "t", Item: item }), {
      TableName: "t",
      Item: item,
    });
  });

  it("takes a null member as absent", () => {
    assert.deepEqual(decode("GetItem", { TableName: "t", Key: null }), {
      TableName: "t",
      Key: undefined,
    });
  });

  it("takes members that the model does not know as absent", () => {
    assert.deepEqual(decode("GetItem", { TableName: "t", Extra: [1] }), {
      TableName: "t",
      Extra: undefined,
    });
  });

  it("turns times into milliseconds, from seconds and from text", () => {
    const of = (at: unknown) => decode("ListBackups", { TimeRangeLowerBound: at });
    assert.deepEqual(of(1_700_000_000.123), { TimeRangeLowerBound: 1_700_000_000_123 });
    assert.deepEqual(of("2023-11-14T22:13:20Z"), { TimeRangeLowerBound: 1_700_000_000_000 });
  });

  it("answers a body that is no JSON without a message, as AWS does", () => {
    for (const body of ["hi", '{"a":', "{}}", '{"TableName":"\uD800'.slice(0, -1)]) {
      assert.deepEqual(problemOf("GetItem", body), {
        code: "SerializationException",
        message: undefined,
      });
    }
  });

  it("refuses bytes that are no UTF-8 instead of replacing them", () => {
    const body = Buffer.concat([
      Buffer.from('{"TableName":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    assert.throws(
      () =>
        json.decode(operation("GetItem"), {
          method: "POST",
          path: "/",
          query: "",
          headers: {},
          body,
        }),
      WireProblem,
    );
  });

  it("bounds the nesting of what it reads", () => {
    const body = `{"Item":{"a":${'{"L":['.repeat(100_000)}${"]}".repeat(100_000)}}}`;
    assert.equal(problemOf("PutItem", body).code, "SerializationException");
  });

  // What DynamoDB answers to values of the wrong type, as dynalite's tests have recorded it.
  const cases: [operation: string, body: unknown, message: string][] = [
    ["PutItem", { TableName: true }, "TRUE_VALUE cannot be converted to String"],
    ["PutItem", { TableName: false }, "FALSE_VALUE cannot be converted to String"],
    ["PutItem", { TableName: 23 }, "NUMBER_VALUE cannot be converted to String"],
    ["PutItem", { TableName: 34.56 }, "DECIMAL_VALUE cannot be converted to String"],
    ["PutItem", { TableName: [] }, "Unrecognized collection type class java.lang.String"],
    ["PutItem", { TableName: {} }, "Start of structure or map found where not expected"],
    ["GetItem", { ConsistentRead: "23" }, "Unexpected token received from parser"],
    ["GetItem", { ConsistentRead: 23 }, "NUMBER_VALUE cannot be converted to Boolean"],
    ["GetItem", { ConsistentRead: 34.56 }, "DECIMAL_VALUE cannot be converted to Boolean"],
    ["GetItem", { ConsistentRead: [] }, "Unrecognized collection type class java.lang.Boolean"],
    ["Query", { Limit: "23" }, "STRING_VALUE cannot be converted to Integer"],
    ["Query", { Limit: true }, "TRUE_VALUE cannot be converted to Integer"],
    [
      "CreateTable",
      { ProvisionedThroughput: { ReadCapacityUnits: "1" } },
      "STRING_VALUE cannot be converted to Long",
    ],
    ["GetItem", { AttributesToGet: "23" }, "Unexpected field type"],
    ["GetItem", { AttributesToGet: {} }, "Start of structure or map found where not expected"],
    ["GetItem", { Key: 23 }, "Unexpected field type"],
    [
      "GetItem",
      { Key: [] },
      "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>",
    ],
    ["GetItem", { Key: { a: 23 } }, "Unexpected value type in payload"],
    [
      "GetItem",
      { Key: { a: [] } },
      "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue",
    ],
    ["CreateTable", { ProvisionedThroughput: "23" }, "Unexpected field type"],
    [
      "CreateTable",
      { ProvisionedThroughput: [] },
      "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.ProvisionedThroughput",
    ],
    ["PutItem", { Item: { a: { S: 1 } } }, "NUMBER_VALUE cannot be converted to String"],
    [
      "PutItem",
      { Item: { a: { B: true } } },
      "only base-64-encoded strings are convertible to bytes",
    ],
    [
      "PutItem",
      { Item: { a: { B: "23456" } } },
      "Base64 encoded length is expected a multiple of 4 bytes but found: 5",
    ],
    ["PutItem", { Item: { a: { B: "=+/=" } } }, "Invalid last non-pad Base64 character dectected"],
    ["PutItem", { Item: { a: { B: "+/+=" } } }, "Invalid last non-pad Base64 character dectected"],
  ];
  for (const [name, body, message] of cases) {
    it(`answers ${JSON.stringify(body)} in ${name} with AWS's words`, () => {
      assert.deepEqual(problemOf(name, body), { code: "SerializationException", message });
    });
  }
});

describe("JSON answers", () => {
  const encode = (name: string, output: unknown) => json.encode(operation(name), output, "REQUEST");
  const text = (name: string, output: unknown) => String(encode(name, output).body);

  it("carries request id, content type and the checksum of DynamoDB's answers", () => {
    const { status, headers, body } = encode("GetItem", {});
    assert.equal(status, 200);
    assert.deepEqual(headers, {
      "x-amzn-requestid": "REQUEST",
      "content-type": "application/x-amz-json-1.0",
      "x-amz-crc32": String(crc32("{}")),
    });
    assert.equal(String(body), "{}");
  });

  it("splices stored JSON in, wherever it stands", () => {
    const item = new JsonBytes(Buffer.from('{"a":{"S":"ä"}}'));
    assert.equal(text("GetItem", { Item: item }), '{"Item":{"a":{"S":"ä"}}}');
    assert.equal(
      text("Query", { Items: [item, { b: { N: "1" } }, item], Count: 3, ScannedCount: 3 }),
      '{"Items":[{"a":{"S":"ä"}},{"b":{"N":"1"}},{"a":{"S":"ä"}}],"Count":3,"ScannedCount":3}',
    );
    assert.equal(
      text("BatchGetItem", { Responses: { 't"': [item] } }),
      '{"Responses":{"t\\"":[{"a":{"S":"ä"}}]}}',
    );
  });

  it("writes times as seconds and leaves out what is undefined", () => {
    assert.equal(
      text("DescribeTable", {
        Table: { TableName: "t", CreationDateTime: 1_700_000_000_123, ItemCount: undefined },
      }),
      '{"Table":{"TableName":"t","CreationDateTime":1700000000.123}}',
    );
  });

  it("is an empty object where a handler returns nothing", () => {
    assert.equal(text("TagResource", undefined), "{}");
  });
});

describe("JSON errors", () => {
  const body = (name: string, error: Parameters<typeof json.encodeError>[2]): unknown => {
    const response = json.encodeError(dynamodb, operation(name), error, "REQUEST");
    return { status: response.status, ...JSON.parse(String(response.body)) };
  };

  it("names the type in the service's namespace and adds further members", () => {
    const item = new JsonBytes(Buffer.from('{"a":{"S":"x"}}'));
    const error = {
      code: "ConditionalCheckFailedException",
      message: "The conditional request failed",
      members: { Item: item },
    };
    assert.deepEqual(body("PutItem", error), {
      status: 400,
      __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
      message: "The conditional request failed",
      Item: { a: { S: "x" } },
    });
  });

  it("names common errors as DynamoDB does", () => {
    assert.deepEqual(body("PutItem", { code: "ValidationException", message: "m" }), {
      status: 400,
      __type: "com.amazon.coral.validate#ValidationException",
      message: "m",
    });
    assert.deepEqual(body("PutItem", new WireProblem("SerializationException", "m")), {
      status: 400,
      __type: "com.amazon.coral.service#SerializationException",
      Message: "m",
    });
    assert.deepEqual(body("PutItem", { code: "UnknownOperationException", message: "" }), {
      status: 400,
      __type: "com.amazon.coral.service#UnknownOperationException",
    });
    assert.deepEqual(body("PutItem", new WireProblem("SerializationException")), {
      status: 400,
      __type: "com.amazon.coral.service#SerializationException",
    });
  });

  it("answers faults with 500 and what is not there yet with 501", () => {
    const statusOf = (code: string) =>
      json.encodeError(dynamodb, operation("PutItem"), { code }, "R").status;
    assert.equal(statusOf("InternalServerError"), 500);
    assert.equal(statusOf("NotImplemented"), 501);
  });

  it("works without a service", () => {
    const { headers, body } = json.encodeError(
      undefined,
      undefined,
      { code: "UnknownOperationException" },
      "R",
    );
    assert.equal(String(body), '{"__type":"UnknownOperationException"}');
    assert.equal(headers["x-amz-crc32"], undefined);
  });
});
