/** Where DynamoDB is. Source: https://docs.aws.amazon.com/general/latest/gr/ddb.html */
export const dynamodbRegions: readonly string[] = (
  "us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 ca-west-1 mx-central-1 sa-east-1 " +
  "eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 " +
  "af-south-1 il-central-1 me-central-1 me-south-1 ap-east-1 ap-east-2 ap-northeast-1 " +
  "ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 " +
  "ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7"
).split(" ");

/**
 * Where groups with strong consistency can be. A group may span continents (ack-api-quirks, DDB-TABLE-257).
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
 */
export const strongRegions: ReadonlySet<string> = new Set(
  (
    "us-east-1 us-east-2 us-west-2 eu-west-1 eu-west-2 eu-west-3 eu-central-1 ap-northeast-1 " +
    "ap-northeast-2 ap-northeast-3"
  ).split(" "),
);
