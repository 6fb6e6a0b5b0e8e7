/*
 * Services as access advisor names them, by the prefix of their actions. Source: Service Authorization Reference, the
 * titles of its pages. A policy that allows everything allows these.
 */
const serviceNames: Readonly<Record<string, string>> = {
  acm: "AWS Certificate Manager",
  "application-autoscaling": "AWS Application Auto Scaling",
  apigateway: "Amazon API Gateway Management",
  appsync: "AWS AppSync",
  athena: "Amazon Athena",
  cassandra: "Amazon Keyspaces (for Apache Cassandra)",
  cloudformation: "AWS CloudFormation",
  cloudwatch: "Amazon CloudWatch",
  "cognito-identity": "Amazon Cognito Identity",
  "cognito-idp": "Amazon Cognito User Pools",
  dax: "Amazon DynamoDB Accelerator (DAX)",
  dynamodb: "Amazon DynamoDB",
  ec2: "Amazon EC2",
  ecs: "Amazon Elastic Container Service",
  elasticache: "Amazon ElastiCache",
  es: "Amazon OpenSearch Service",
  events: "Amazon EventBridge",
  "execute-api": "Amazon API Gateway",
  firehose: "Amazon Data Firehose",
  glue: "AWS Glue",
  iam: "AWS Identity and Access Management (IAM)",
  kafka: "Amazon Managed Streaming for Apache Kafka",
  kinesis: "Amazon Kinesis Data Streams",
  kms: "AWS Key Management Service",
  lambda: "AWS Lambda",
  logs: "Amazon CloudWatch Logs",
  mq: "Amazon MQ",
  pipes: "Amazon EventBridge Pipes",
  rds: "Amazon RDS",
  redshift: "Amazon Redshift",
  "redshift-data": "Amazon Redshift Data API",
  s3: "Amazon S3",
  scheduler: "Amazon EventBridge Scheduler",
  secretsmanager: "AWS Secrets Manager",
  ses: "Amazon SES",
  sns: "Amazon SNS",
  sqs: "Amazon SQS",
  ssm: "AWS Systems Manager",
  states: "AWS Step Functions",
  sts: "AWS Security Token Service",
  xray: "AWS X-Ray",
};

export const knownNamespaces: readonly string[] = Object.keys(serviceNames);

export function serviceNameOf(namespace: string): string {
  return serviceNames[namespace] ?? namespace;
}

/** Where the prefix of a service's actions is not its model's name. */
const namespaces: Readonly<Record<string, string>> = {
  dynamodbstreams: "dynamodb",
  monitoring: "cloudwatch",
  sfn: "states",
  stepfunctions: "states",
};

export function namespaceOf(service: string): string {
  return namespaces[service] ?? service;
}
