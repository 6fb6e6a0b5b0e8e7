import type {
  AccessFinder,
  AccessRule,
  FoundAccess,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import { ServiceError } from "#kernel/errors.ts";
import type {
  BatchExecuteStatementInput,
  BatchStatementRequest,
  ExecuteStatementInput,
  ExecuteTransactionInput,
} from "#models/dynamodb.ts";
import type { GetRecordsInput } from "#models/dynamodbstreams.ts";
import { statementOf, type Statement } from "./partiql/statement.ts";
import { knownResource } from "./resource-policies/known-resource.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition
 * keys for Amazon DynamoDB"; which operations other accounts can use: Developer Guide, rbac-iam-actions.
 */

const table = "table/{TableName}";
const tableOrIndex = "table/{TableName}[/index/{IndexName}]";

function own(action: string, resource: string, ...more: readonly AccessRule[]): OperationAccess {
  return { rules: [{ action: `dynamodb:${action}`, resource }, ...more] };
}

/** Other accounts may be let in by a resource's policy. */
function open(action: string, resource: string, each?: string): OperationAccess {
  const rule = { action: `dynamodb:${action}`, resource, ...(each === undefined ? {} : { each }) };
  return { rules: [rule], isCrossAccount: true };
}

const tagging = { action: "dynamodb:TagResource", resource: table, ifGiven: "Tags" };
const policing = {
  action: "dynamodb:PutResourcePolicy",
  resource: table,
  ifGiven: "ResourcePolicy",
};

export const dynamodbAccess: ServiceAccess = {
  resource: knownResource,
  operations: {
    GetItem: open("GetItem", table),
    PutItem: open("PutItem", table),
    UpdateItem: open("UpdateItem", table),
    DeleteItem: open("DeleteItem", table),
    Query: open("Query", tableOrIndex),
    Scan: open("Scan", tableOrIndex),
    SearchVectors: own("SearchVectors", "table/{TableName}/index/{IndexName}"),
    BatchGetItem: open("BatchGetItem", "table/{key}", "RequestItems{}"),
    BatchWriteItem: open("BatchWriteItem", "table/{key}", "RequestItems{}"),
    TransactGetItems: open("GetItem", table, "TransactItems[].Get"),
    TransactWriteItems: {
      rules: [
        { action: "dynamodb:PutItem", resource: table, each: "TransactItems[].Put" },
        { action: "dynamodb:UpdateItem", resource: table, each: "TransactItems[].Update" },
        { action: "dynamodb:DeleteItem", resource: table, each: "TransactItems[].Delete" },
        {
          action: "dynamodb:ConditionCheckItem",
          resource: table,
          each: "TransactItems[].ConditionCheck",
        },
      ],
      isCrossAccount: true,
    },
    ExecuteStatement: {
      rules: ((input: ExecuteStatementInput) => [
        statementAccess(statementOf(input)),
      ]) satisfies AccessFinder,
    },
    BatchExecuteStatement: {
      rules: ((input: BatchExecuteStatementInput) =>
        input.Statements.flatMap(parsedAccess)) satisfies AccessFinder,
    },
    ExecuteTransaction: {
      rules: ((input: ExecuteTransactionInput) =>
        input.TransactStatements.map((one) =>
          statementAccess(statementOf(one)),
        )) satisfies AccessFinder,
    },

    CreateTable: own("CreateTable", table, tagging, policing),
    DeleteTable: open("DeleteTable", table),
    DescribeTable: open("DescribeTable", table),
    UpdateTable: open("UpdateTable", table),
    ListTables: own("ListTables", "*"),
    DescribeLimits: own("DescribeLimits", "*"),
    DescribeEndpoints: own("DescribeEndpoints", "*"),
    DescribeTimeToLive: own("DescribeTimeToLive", table),
    UpdateTimeToLive: own("UpdateTimeToLive", table),
    TagResource: open("TagResource", "{ResourceArn}"),
    UntagResource: open("UntagResource", "{ResourceArn}"),
    ListTagsOfResource: open("ListTagsOfResource", "{ResourceArn}"),
    PutResourcePolicy: own("PutResourcePolicy", "{ResourceArn}"),
    GetResourcePolicy: own("GetResourcePolicy", "{ResourceArn}"),
    DeleteResourcePolicy: own("DeleteResourcePolicy", "{ResourceArn}"),
    UpdateContributorInsights: own("UpdateContributorInsights", tableOrIndex),
    DescribeContributorInsights: own("DescribeContributorInsights", tableOrIndex),
    ListContributorInsights: own("ListContributorInsights", "*"),
    EnableKinesisStreamingDestination: own("EnableKinesisStreamingDestination", table),
    DisableKinesisStreamingDestination: own("DisableKinesisStreamingDestination", table),
    UpdateKinesisStreamingDestination: own("UpdateKinesisStreamingDestination", table),
    DescribeKinesisStreamingDestination: own("DescribeKinesisStreamingDestination", table),

    CreateBackup: own("CreateBackup", table),
    DeleteBackup: own("DeleteBackup", "{BackupArn}"),
    DescribeBackup: own("DescribeBackup", "{BackupArn}"),
    ListBackups: own("ListBackups", "*"),
    RestoreTableFromBackup: own("RestoreTableFromBackup", "{BackupArn}", {
      action: "dynamodb:RestoreTableFromBackup",
      resource: "table/{TargetTableName}",
    }),
    RestoreTableToPointInTime: own("RestoreTableToPointInTime", "table/{TargetTableName}", {
      action: "dynamodb:RestoreTableToPointInTime",
      resource: "table/{SourceTableName}",
      ifGiven: "SourceTableName",
    }),
    DescribeContinuousBackups: own("DescribeContinuousBackups", table),
    UpdateContinuousBackups: own("UpdateContinuousBackups", table),
    ExportTableToPointInTime: own("ExportTableToPointInTime", "{TableArn}"),
    DescribeExport: own("DescribeExport", "{ExportArn}"),
    ListExports: own("ListExports", "*"),
    ImportTable: {
      rules: [{ action: "dynamodb:ImportTable", resource: table, each: "TableCreationParameters" }],
    },
    DescribeImport: own("DescribeImport", "{ImportArn}"),
    ListImports: own("ListImports", "*"),
    StartBulkPutItems: own("StartBulkPutItems", table),
    DescribeBulkOperation: own("DescribeBulkOperation", "{BulkOperationArn}"),
    CancelBulkOperation: own("CancelBulkOperation", "{BulkOperationArn}"),
    ListBulkOperations: own("ListBulkOperations", "*"),

    CreateGlobalTable: own("CreateGlobalTable", "table/{GlobalTableName}"),
    DescribeGlobalTable: own("DescribeGlobalTable", "table/{GlobalTableName}"),
    DescribeGlobalTableSettings: own("DescribeGlobalTableSettings", "table/{GlobalTableName}"),
    UpdateGlobalTable: own("UpdateGlobalTable", "table/{GlobalTableName}"),
    UpdateGlobalTableSettings: own("UpdateGlobalTableSettings", "table/{GlobalTableName}"),
    ListGlobalTables: own("ListGlobalTables", "*"),
    DescribeTableReplicaAutoScaling: own("DescribeTableReplicaAutoScaling", table),
    UpdateTableReplicaAutoScaling: own("UpdateTableReplicaAutoScaling", table),
  },
};

const stream = "{StreamArn}";

export const streamsAccess: ServiceAccess = {
  resource: knownResource,
  operations: {
    ListStreams: own("ListStreams", "*"),
    DescribeStream: open("DescribeStream", stream),
    GetShardIterator: open("GetShardIterator", stream),
    GetRecords: {
      // An iterator begins with its stream's ARN.
      rules: ((input: GetRecordsInput) => {
        const [arn = ""] = input.ShardIterator.split("|");
        const found = { action: "dynamodb:GetRecords", input: { ...input } };
        return [{ ...found, resource: arn.startsWith("arn:") ? arn : "*" }];
      }) satisfies AccessFinder,
      isCrossAccount: true,
    },
  },
};

/** Of a batch, each statement tells for itself what is wrong with it. */
function parsedAccess(request: BatchStatementRequest): FoundAccess[] {
  try {
    return [statementAccess(statementOf(request))];
  } catch (problem) {
    if (problem instanceof ServiceError) return [];
    throw problem;
  }
}

const partiqlActions = {
  select: "dynamodb:PartiQLSelect",
  exists: "dynamodb:PartiQLSelect",
  insert: "dynamodb:PartiQLInsert",
} as const;

/** Source: Developer Guide, "IAM security policies with PartiQL for DynamoDB" (ql-iam). */
function statementAccess(statement: Statement): FoundAccess {
  const { kind, tableName } = statement;
  const change = kind === "change" && statement.update === undefined ? "Delete" : "Update";
  const action = kind === "change" ? `dynamodb:PartiQL${change}` : partiqlActions[kind];
  const base = tableName.startsWith("arn:") ? tableName : `table/${tableName}`;
  const index = kind === "select" ? statement.indexName : undefined;
  const resource = index === undefined ? base : `${base}/index/${index}`;
  return { action, resource, input: { TableName: tableName, statement } };
}
