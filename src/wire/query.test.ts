import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Model } from "#models/shape-table.ts";
import { WireProblem } from "./protocol.ts";
import { ec2Protocol, queryProtocol } from "./query.ts";
import { loadServiceModel, type OperationModel, ServiceModel } from "./shapes.ts";

const sts = await loadServiceModel("sts");
assert(sts);

function operation(service: ServiceModel | undefined, name: string): OperationModel {
  const found = service?.operation(name);
  assert(found, name);
  return found;
}

const decode = (of: OperationModel, form: string, query = "", method = "POST"): unknown =>
  queryProtocol.decode(of, { method, path: "/", query, headers: {}, body: Buffer.from(form) });

describe("the query protocol", () => {
  it("reads scalars, structures and lists", () => {
    const form =
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=a+b" +
      "&DurationSeconds=900&Tags.member.2.Key=k2&Tags.member.2.Value=&Tags.member.1.Key=k1&Tags.member.1.Value=v%261" +
      "&TransitiveTagKeys.member.1=k1";
    assert.deepEqual(decode(operation(sts, "AssumeRole"), form), {
      RoleArn: "arn:aws:iam::1:role/r",
      RoleSessionName: "a b",
      DurationSeconds: 900,
      Tags: [
        { Key: "k1", Value: "v&1" },
        { Key: "k2", Value: "" },
      ],
      TransitiveTagKeys: ["k1"],
    });
  });

  it("reads what stands in the URL", () => {
    assert.deepEqual(
      decode(
        operation(sts, "GetSessionToken"),
        "",
        "Action=GetSessionToken&DurationSeconds=1",
        "GET",
      ),
      {
        DurationSeconds: 1,
      },
    );
  });

  it("refuses text that is no number", () => {
    assert.throws(() => decode(operation(sts, "GetSessionToken"), "DurationSeconds=ten"), {
      code: "MalformedInput",
      message: "ten is not a valid integer",
    });
  });

  it("answers GetCallerIdentity as STS does", () => {
    const output = {
      UserId: "AIDA",
      Account: "000000000000",
      Arn: "arn:aws:iam::000000000000:root",
    };
    const { status, headers, body } = queryProtocol.encode(
      operation(sts, "GetCallerIdentity"),
      output,
      "REQUEST",
    );
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/xml");
    assert.equal(
      String(body),
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
        "<UserId>AIDA</UserId><Account>000000000000</Account><Arn>arn:aws:iam::000000000000:root</Arn>" +
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>REQUEST</RequestId></ResponseMetadata>" +
        "</GetCallerIdentityResponse>",
    );
  });

  it("writes times in ISO 8601 and escapes text", () => {
    const output = { Credentials: { AccessKeyId: "A<&>", Expiration: 1_700_000_000_000 } };
    const { body } = queryProtocol.encode(operation(sts, "GetSessionToken"), output, "R");
    assert.match(
      String(body),
      /<Credentials><AccessKeyId>A&lt;&amp;&gt;<\/AccessKeyId><Expiration>2023-11-14T22:13:20Z<\/Expiration><\/Credentials>/,
    );
  });

  it("answers an error with type, code and message", () => {
    const error = { code: "AccessDenied", message: "no <way>", status: 403 };
    const { status, body } = queryProtocol.encodeError(
      sts,
      operation(sts, "AssumeRole"),
      error,
      "R",
    );
    assert.equal(status, 403);
    assert.equal(
      String(body),
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
        "<Code>AccessDenied</Code><Message>no &lt;way&gt;</Message></Error><RequestId>R</RequestId></ErrorResponse>",
    );
  });
});

// A small service that has what STS has not: maps, flattened lists, names of their own.
const model: Model = {
  source: "test",
  metadata: { apiVersion: "2020-01-01", endpointPrefix: "x", protocol: "query", serviceId: "X" },
  operations: {
    Do: {
      http: { method: "POST", requestUri: "/" },
      input: { shape: "In" },
      output: { shape: "In", resultWrapper: "DoResult" },
    },
  },
  shapes: {
    In: {
      type: "structure",
      members: {
        Map: { shape: "Map" },
        Flat: { shape: "Flat" },
        FlatMap: { shape: "Map", flattened: true, locationName: "Attribute" },
        Named: { shape: "Named" },
        Ids: { shape: "Flat", locationName: "idSet" },
        Bytes: { shape: "Bytes" },
      },
    },
    Map: {
      type: "map",
      key: { shape: "Text", locationName: "Name" },
      value: { shape: "Text", locationName: "Value" },
    },
    Flat: { type: "list", flattened: true, member: { shape: "Text" } },
    Named: { type: "list", member: { shape: "Text", locationName: "Item" } },
    Text: { type: "string" },
    Bytes: { type: "blob" },
  },
};

describe("the query protocol's maps and lists", () => {
  const service = new ServiceModel("x", model);
  const input = {
    Map: { a: "1", b: "2" },
    Flat: ["x", "y"],
    FlatMap: { c: "3" },
    Named: ["n"],
    Ids: ["i"],
    Bytes: Buffer.from([0, 1]),
  };

  it("are read", () => {
    const form = [
      "Map.entry.1.Name=a&Map.entry.1.Value=1&Map.entry.2.Name=b&Map.entry.2.Value=2",
      "Flat.1=x&Flat.2=y&Attribute.1.Name=c&Attribute.1.Value=3&Named.Item.1=n&idSet.1=i&Bytes=AAE%3D",
    ].join("&");
    assert.deepEqual(decode(operation(service, "Do"), form), input);
  });

  it("are written", () => {
    const { body } = queryProtocol.encode(operation(service, "Do"), input, "R");
    assert.equal(
      String(body),
      "<DoResponse><DoResult><Map><entry><Name>a</Name><Value>1</Value></entry><entry><Name>b</Name><Value>2</Value></entry></Map>" +
        "<Flat>x</Flat><Flat>y</Flat><Attribute><Name>c</Name><Value>3</Value></Attribute><Named><Item>n</Item></Named>" +
        "<idSet>i</idSet><Bytes>AAE=</Bytes></DoResult><ResponseMetadata><RequestId>R</RequestId></ResponseMetadata></DoResponse>",
    );
  });

  it("have other names for EC2", () => {
    const read = ec2Protocol.decode(operation(service, "Do"), {
      method: "POST",
      path: "/",
      query: "",
      headers: {},
      body: Buffer.from("IdSet.1=i&Named.1=n&Flat.1=x"),
    });
    assert.deepEqual(read, { Flat: ["x"], Named: ["n"], Ids: ["i"] });
  });
});

describe("EC2's dialect", () => {
  it("answers errors in a form of its own", () => {
    const { body } = ec2Protocol.encodeError(
      undefined,
      undefined,
      new WireProblem("InvalidAction", "no"),
      "R",
    );
    assert.equal(
      String(body),
      "<Response><Errors><Error><Code>InvalidAction</Code><Message>no</Message></Error></Errors><RequestID>R</RequestID></Response>",
    );
  });
});
