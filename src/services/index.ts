import type { Service } from "#kernel/service.ts";
import { applicationAutoScaling } from "./application-autoscaling/service.ts";
import { cloudwatch } from "./cloudwatch/service.ts";
import { dax } from "./dax/service.ts";
import { dynamodb, dynamodbstreams } from "./dynamodb/service.ts";
import { iam, sts } from "./iam/service.ts";
import { kms } from "./kms/service.ts";
import { logs } from "./logs/service.ts";
import { s3, s3control } from "./s3/service.ts";
import { secretsManager } from "./secretsmanager/service.ts";
import { ssm } from "./ssm/service.ts";

/** Every service that exists. Adding one is a line here. */
export const services: readonly Service[] = [
  applicationAutoScaling,
  cloudwatch,
  dax,
  dynamodb,
  dynamodbstreams,
  iam,
  kms,
  logs,
  s3,
  s3control,
  secretsManager,
  ssm,
  sts,
];
