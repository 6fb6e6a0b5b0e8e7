import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Route, route, type RouteRequest, routeNeedsForm } from "./route.ts";

const credential = (scope: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${scope}/aws4_request, SignedHeaders=host, Signature=0`;

interface Sketch extends Partial<Omit<RouteRequest, "headers">> {
  host?: string;
  scope?: string;
  headers?: Record<string, string>;
  form?: string;
}

function found({ host = "127.0.0.1:4566", scope, headers = {}, form, ...request }: Sketch): Route {
  const authorization = scope === undefined ? {} : { authorization: credential(scope) };
  return route(
    {
      method: "GET",
      path: "/",
      query: "",
      ...request,
      headers: { host, ...authorization, ...headers },
    },
    form,
  );
}

/** Each case: what it shows, the request, and `service operation protocol` with `-` for what is not known. */
const cases: [name: string, request: Sketch, expected: string][] = [
  ...(
    [
      ["DynamoDB_20120810.GetItem", "application/x-amz-json-1.0", "dynamodb GetItem json-1.0"],
      [
        "DynamoDBStreams_20120810.GetRecords",
        "application/x-amz-json-1.0",
        "dynamodbstreams GetRecords json-1.0",
      ],
      ["DynamoDB_20120810.GetNothing", "application/x-amz-json-1.0", "dynamodb - json-1.0"],
      ["AWSNothing.GetNothing", "application/x-amz-json-1.1", "- - json-1.1"],
      ["whatever", "application/x-amz-json-1.1", "- - json-1.1"],
      ["Kinesis_20131202.PutRecord", "application/x-amz-json-1.1", "kinesis PutRecord json-1.1"],
      ["Kinesis_20131202.PutRecord", "application/x-amz-cbor-1.1", "kinesis PutRecord cbor-1.1"],
      [
        "Timestream_20181101.WriteRecords",
        "application/x-amz-json-1.0",
        "timestream-write WriteRecords json-1.0",
      ],
      [
        "Timestream_20181101.CreateScheduledQuery",
        "application/x-amz-json-1.0",
        "timestream-query CreateScheduledQuery json-1.0",
      ],
      ["AmazonSQS.SendMessage", "application/x-amz-json-1.0", "sqs SendMessage json-1.0"],
    ] as const
  ).map(([target, contentType, expected]): [string, Sketch, string] => [
    `the target ${target} (${contentType})`,
    { method: "POST", headers: { "x-amz-target": target, "content-type": contentType } },
    expected,
  ]),
  [
    "an rpc-v2-cbor path",
    { method: "POST", path: "/service/GraniteServiceVersion20100801/operation/PutMetricData" },
    "cloudwatch PutMetricData rpc-v2-cbor",
  ],
  [
    "an action with its version",
    { method: "POST", form: "Action=GetCallerIdentity&Version=2011-06-15" },
    "sts GetCallerIdentity query",
  ],
  [
    "one of two actions of a name",
    { method: "POST", form: "Action=CreateUser&Version=2010-05-08" },
    "iam CreateUser query",
  ],
  [
    "the other of the two",
    { method: "POST", form: "Version=2015-02-02&Action=CreateUser" },
    "elasticache CreateUser query",
  ],
  [
    "an EC2 action",
    { method: "POST", form: "Action=DescribeInstances&Version=2016-11-15" },
    "ec2 DescribeInstances ec2",
  ],
  [
    "an action in the query",
    { query: "Action=ListTopics&Version=2010-03-31" },
    "sns ListTopics query",
  ],
  [
    "an action in a post's query, with an empty form",
    { method: "POST", query: "Action=GetCallerIdentity&Version=2011-06-15", form: "" },
    "sts GetCallerIdentity query",
  ],
  [
    "an action in a post's query, with the rest in its form",
    { method: "POST", query: "Action=ListTopics", form: "Version=2010-03-31&NextToken=x" },
    "sns ListTopics query",
  ],
  [
    "an action of a client that accepts JSON",
    {
      query: "Action=GetCallerIdentity&Version=2011-06-15",
      headers: { accept: "application/json" },
    },
    "sts GetCallerIdentity query-json",
  ],
  [
    "an action without version, by its scope",
    { method: "POST", form: "Action=TagUser", scope: "iam" },
    "iam TagUser query",
  ],
  [
    "an unknown action of a known version",
    { method: "POST", form: "Action=Nothing&Version=2011-06-15" },
    "sts - query",
  ],
  [
    "an SQS action at a queue's URL",
    { method: "POST", path: "/000000000000/jobs", form: "Action=SendMessage&Version=2012-11-05" },
    "sqs SendMessage query",
  ],
  [
    "a Lambda path by its scope",
    { path: "/2015-03-31/functions/", scope: "lambda" },
    "lambda ListFunctions rest-json",
  ],
  [
    "a Lambda path without a scope",
    { path: "/2015-03-31/functions/f" },
    "lambda GetFunction rest-json",
  ],
  [
    "a template with a literal in its query",
    { path: "/2018-10-31/layers", query: "find=LayerVersion&Arn=a", scope: "lambda" },
    "lambda GetLayerVersionByArn rest-json",
  ],
  [
    "a path that the service does not have",
    { path: "/2015-03-31/nothing", scope: "lambda" },
    "lambda - rest-json",
  ],
  [
    "API Gateway's first version",
    { path: "/restapis", scope: "apigateway" },
    "apigateway GetRestApis rest-json",
  ],
  [
    "API Gateway's second version",
    { path: "/v2/apis", scope: "apigateway" },
    "apigatewayv2 GetApis rest-json",
  ],
  [
    "a message to a connection",
    { method: "POST", path: "/@connections/abc", scope: "execute-api" },
    "apigatewaymanagementapi PostToConnection rest-json",
  ],
  [
    "shared tag paths, by scope",
    { path: "/tags/arn", scope: "pipes" },
    "pipes ListTagsForResource rest-json",
  ],
  [
    "the same path of another service",
    { path: "/tags/arn", scope: "scheduler" },
    "scheduler ListTagsForResource rest-json",
  ],
  [
    "SageMaker's runtime",
    { method: "POST", path: "/endpoints/e/invocations", scope: "sagemaker" },
    "sagemaker-runtime InvokeEndpoint rest-json",
  ],
  [
    "a deployed API",
    { host: "abc123.execute-api.localhost.localstack.cloud:4566", path: "/prod" },
    "execute-api - invoke",
  ],
  [
    "a function's URL",
    { host: "abc.lambda-url.us-east-1.localhost.localstack.cloud" },
    "lambda-url - invoke",
  ],
  [
    "a service by its host",
    { path: "/2015-03-31/functions", host: "lambda.us-east-1.amazonaws.com" },
    "lambda ListFunctions rest-json",
  ],
  [
    "SQS by its first name",
    { host: "us-east-1.queue.amazonaws.com", path: "/000000000000/jobs" },
    "sqs - json-1.0",
  ],
  [
    "a JSON service without a target",
    { host: "dynamodb.us-east-1.localhost.localstack.cloud" },
    "dynamodb - json-1.0",
  ],
  [
    "S3 control by its path",
    { path: "/v20180820/jobs", scope: "s3" },
    "s3control ListJobs rest-xml",
  ],
  [
    "S3 control by its host",
    { path: "/v20180820/jobs", host: "000000000000.s3-control.localhost.localstack.cloud" },
    "s3control ListJobs rest-xml",
  ],
  ["no sign at all", { path: "/photos/a/b.jpg" }, "s3 GetObject rest-xml"],
  [
    "a version 2 signature in the URL",
    { path: "/photos/a", query: "AWSAccessKeyId=A&Signature=S&Expires=1" },
    "s3 GetObject rest-xml",
  ],
  [
    "a version 4 signature in the URL",
    {
      method: "PUT",
      path: "/photos/a",
      query: "X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request",
    },
    "s3 PutObject rest-xml",
  ],
];

describe("routing", () => {
  for (const [name, request, expected] of cases) {
    it(`knows ${name}`, () => {
      const { service = "-", operation = "-", protocol } = found(request);
      assert.equal(`${service} ${operation} ${protocol}`, expected);
    });
  }

  it("answers a known target with the same object again", () => {
    const headers = {
      "x-amz-target": "DynamoDB_20120810.PutItem",
      "content-type": "application/x-amz-json-1.0",
    };
    assert.equal(found({ method: "POST", headers }), found({ method: "POST", headers }));
  });

  it("wants the form of a form post only", () => {
    const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    const request = { method: "POST", path: "/", query: "", headers };
    assert.equal(routeNeedsForm(request), true);
    assert.equal(routeNeedsForm({ ...request, method: "PUT" }), false);
    assert.equal(
      routeNeedsForm({ ...request, headers: { "x-amz-target": "X.Y", ...headers } }),
      false,
    );
  });
});

describe("S3 routing", () => {
  const s3: [
    method: string,
    path: string,
    query: string,
    operation: string,
    headers?: Record<string, string>,
  ][] = [
    ["GET", "/", "", "ListBuckets"],
    ["GET", "/", "x-id=ListDirectoryBuckets", "ListDirectoryBuckets"],
    ["GET", "/b", "", "ListObjects"],
    ["GET", "/b/", "list-type=2&prefix=a", "ListObjectsV2"],
    ["GET", "/b/", "location", "GetBucketLocation"],
    ["GET", "/b/", "location=", "GetBucketLocation"],
    ["GET", "/b", "lifecycle", "GetBucketLifecycleConfiguration"],
    ["PUT", "/b", "notification", "PutBucketNotificationConfiguration"],
    ["GET", "/b", "analytics", "ListBucketAnalyticsConfigurations"],
    ["GET", "/b", "analytics&id=1", "GetBucketAnalyticsConfiguration"],
    ["PUT", "/b", "inventory&id=1", "PutBucketInventoryConfiguration"],
    ["GET", "/b//", "session", "CreateSession"],
    ["PUT", "/b", "", "CreateBucket"],
    ["HEAD", "/b", "", "HeadBucket"],
    ["POST", "/b", "delete", "DeleteObjects"],
    ["GET", "/b/a//b/", "", "GetObject"],
    ["GET", "/b/k", "uploadId=1", "ListParts"],
    ["GET", "/b/k", "tagging", "GetObjectTagging"],
    ["PUT", "/b/k", "x-id=PutObject", "PutObject"],
    ["PUT", "/b/k", "", "CopyObject", { "x-amz-copy-source": "/b/j" }],
    ["PUT", "/b/k", "partNumber=1&uploadId=1", "UploadPart"],
    ["PUT", "/b/k", "partNumber=1&uploadId=1", "UploadPartCopy", { "x-amz-copy-source": "/b/j" }],
    ["DELETE", "/b/k", "", "DeleteObject"],
    ["DELETE", "/b/k", "uploadId=1", "AbortMultipartUpload"],
    ["POST", "/b/k", "uploads", "CreateMultipartUpload"],
    ["POST", "/b/k", "uploadId=1", "CompleteMultipartUpload"],
    ["POST", "/b/k", "select&select-type=2", "SelectObjectContent"],
  ];
  for (const [method, path, query, operation, headers = {}] of s3) {
    it(`knows ${operation} from ${method} ${path}?${query} ${Object.keys(headers).join()}`, () => {
      assert.equal(found({ method, path, query, headers, scope: "s3" }).operation, operation);
    });
  }

  it("finds the bucket in the host's name", () => {
    for (const host of [
      "my.photos.s3.localhost.localstack.cloud:4566",
      "my.photos.s3.us-west-2.localhost.localstack.cloud:4566",
      "my.photos.s3.amazonaws.com",
      "my.photos.s3.dualstack.us-west-2.amazonaws.com",
      "my.photos.s3-us-west-2.amazonaws.com",
      "my.photos.localhost:4566",
    ]) {
      const { service, operation, path } = found({ host, path: "/a/b", scope: "s3" });
      assert.deepEqual(
        { service, operation, path },
        { service: "s3", operation: "GetObject", path: "/my.photos/a/b" },
        host,
      );
    }
  });

  it("takes a long key of many segments without effort", () => {
    assert.equal(found({ path: `/b/${"a/".repeat(100_000)}`, scope: "s3" }).operation, "GetObject");
  });
});
