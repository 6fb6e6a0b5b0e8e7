import type { ContextValue } from "../request-context.ts";

/** An element's value, what the request has in its place, whether they match. */
export type PatternCase = readonly [pattern: string, given: string, matches: boolean];

export const actionCases: Readonly<Record<string, readonly PatternCase[]>> = {
  // Actions are not sensitive to case, and may have wildcards anywhere.
  reference_policies_elements_action: [
    ["s3:GetObject", "s3:GetObject", true],
    ["s3:getobject", "s3:GetObject", true],
    ["S3:GETOBJECT", "s3:GetObject", true],
    ["s3:Get*", "s3:GetObjectAcl", true],
    ["s3:get*", "s3:GetObject", true],
    ["s3:*Object", "s3:DeleteObject", true],
    ["s3:*Object", "s3:DeleteObjects", false],
    ["s3:*", "s3:ListBucket", true],
    ["s3:*", "s3express:CreateSession", false],
    ["*", "iam:CreateUser", true],
    ["*:*", "iam:CreateUser", true],
    ["iam:*AccessKey*", "iam:CreateAccessKey", true],
    ["iam:*AccessKey*", "iam:CreateUser", false],
    ["ec2:Describe?nstances", "ec2:DescribeInstances", true],
    ["dynamodb:GetItem", "dynamodb:BatchGetItem", false],
    ["dynamodb:*Item", "dynamodb:BatchGetItem", true],
  ],
};

export const resourceCases: Readonly<Record<string, readonly PatternCase[]>> = {
  // A `*` within a segment stays there; as a segment's last character it may go on.
  reference_policies_elements_resource: [
    ["*", "arn:aws:sqs:us-east-1:123456789012:queue", true],
    ["arn:aws:sqs:us-east-1:123456789012:queue", "arn:aws:sqs:us-east-1:123456789012:queue", true],
    ["arn:aws:sqs:us-east-1:123456789012:queue", "arn:aws:sqs:us-east-1:123456789012:Queue", false],
    ["arn:aws:sqs:us-east-1:123456789012:q*", "arn:aws:sqs:us-east-1:123456789012:queue", true],
    ["arn:aws:sqs:*:123456789012:queue", "arn:aws:sqs:eu-west-1:123456789012:queue", true],
    ["arn:aws:sqs:us-*-1:123456789012:queue", "arn:aws:sqs:us-west-1:123456789012:queue", true],
    ["arn:aws:sqs:us-*-1:123456789012:queue", "arn:aws:sqs:us-west-2:123456789012:queue", false],
    ["arn:aws:sqs:u*1:123456789012:q", "arn:aws:sqs:us:1:123456789012:q", false],
    ["arn:aws:iam::123456789012:user/*", "arn:aws:iam::123456789012:user/a/b/Bob", true],
    ["arn:aws:iam::123456789012:user/*/Bob", "arn:aws:iam::123456789012:user/a/b/Bob", true],
    ["arn:aws:iam::123456789012:user/*/Bob", "arn:aws:iam::123456789012:user/Bob", false],
    ["arn:aws:iam::*:user/Bob", "arn:aws:iam::123456789012:user/Bob", true],
    ["arn:aws:iam::*", "arn:aws:iam::123456789012:user/Bob", true],
    ["arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b.txt", true],
    ["arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", false],
    ["arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/object", true],
    ["arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/test/object", false],
    ["arn:aws:s3:::b*t/x*z", "arn:aws:s3:::bucket/x:y:z", true],
    ["arn:aws:s3:::bucket/????", "arn:aws:s3:::bucket/abcd", true],
    ["arn:aws:s3:::bucket/????", "arn:aws:s3:::bucket/abc", false],
    ["arn:aws:s3:::bucket/a.b", "arn:aws:s3:::bucket/aXb", false],
    [
      "arn:aws:dynamodb:*:*:table/Music",
      "arn:aws:dynamodb:us-east-1:123456789012:table/Music",
      true,
    ],
    [
      "arn:aws:dynamodb:*:*:table/Music",
      "arn:aws:dynamodb:us-east-1:123456789012:table/Music/index/x",
      false,
    ],
    [
      "arn:aws:dynamodb:*:*:table/Music/index/*",
      "arn:aws:dynamodb:us-east-1:123456789012:table/Music/index/x",
      true,
    ],
    ["arn:aws:lambda:*:*:function:f:*", "arn:aws:lambda:us-east-1:123456789012:function:f:1", true],
    ["arn:aws:lambda:*:*:function:f", "arn:aws:lambda:us-east-1:123456789012:function:f:1", false],
  ],
};

/** A resource of a policy with variables, the request's keys, its resource, whether they match. */
export type VariableCase = readonly [
  pattern: string,
  context: Readonly<Record<string, ContextValue>>,
  given: string,
  matches: boolean,
];

const bucket = "arn:aws:s3:::amzn-s3-demo-bucket";

export const variableCases: Readonly<Record<string, readonly VariableCase[]>> = {
  // The value's own characters are plain; `${*}`, `${?}` and `${$}` are characters.
  reference_policies_variables: [
    [`${bucket}/\${aws:username}/*`, { "aws:username": "David" }, `${bucket}/David/x`, true],
    [`${bucket}/\${aws:username}/*`, { "aws:username": "David" }, `${bucket}/Tim/x`, false],
    [`${bucket}/\${AWS:UserName}/*`, { "aws:username": "David" }, `${bucket}/David/x`, true],
    [`${bucket}/\${aws:username}/*`, {}, `${bucket}//x`, false],
    [`${bucket}/\${aws:username}/*`, {}, `${bucket}/\${aws:username}/x`, false],
    [`${bucket}/\${aws:username}`, { "aws:username": "*" }, `${bucket}/David`, false],
    [`${bucket}/\${aws:username}`, { "aws:username": "*" }, `${bucket}/*`, true],
    [`${bucket}/\${aws:username}`, { "aws:username": "Da?id" }, `${bucket}/David`, false],
    [`${bucket}/\${aws:username}`, { "aws:username": ["a", "b"] }, `${bucket}/a`, false],
    [`${bucket}/\${aws:PrincipalTag/team, 'none'}/*`, {}, `${bucket}/none/x`, true],
    [
      `${bucket}/\${aws:PrincipalTag/team, 'none'}/*`,
      { "aws:PrincipalTag/team": "red" },
      `${bucket}/red/x`,
      true,
    ],
    [
      `${bucket}/\${aws:PrincipalTag/team, 'none'}/*`,
      { "aws:PrincipalTag/team": "red" },
      `${bucket}/none/x`,
      false,
    ],
    [`${bucket}/\${aws:PrincipalTag/team, 'company-wide'}`, {}, `${bucket}/company-wide`, true],
    [`${bucket}/\${*}`, {}, `${bucket}/*`, true],
    [`${bucket}/\${*}`, {}, `${bucket}/x`, false],
    [`${bucket}/\${?}`, {}, `${bucket}/?`, true],
    [`${bucket}/\${?}`, {}, `${bucket}/x`, false],
    [`${bucket}/\${$}`, {}, `${bucket}/$`, true],
    [`${bucket}/\${*}*`, {}, `${bucket}/*abc`, true],
    [
      "arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/app}-*",
      { "aws:principaltag/app": "shop" },
      "arn:aws:dynamodb:us-east-1:123456789012:table/shop-orders",
      true,
    ],
  ],
};
