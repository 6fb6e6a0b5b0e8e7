/*
 * The services that have roles of their own, with the role's name behind "AWSServiceRoleFor" and the policy of AWS's that
 * it has. Recorded, and from the services' guides where they were not.
 */

export interface LinkedService {
  readonly roleName: string;
  readonly policyName: string;
  readonly description?: string;
  /** Whether several roles may be made, told apart by a suffix. */
  readonly takesSuffix?: true;
}

function linked(
  role: string,
  policyName: string,
  more: Partial<LinkedService> = {},
): LinkedService {
  return { roleName: `AWSServiceRoleFor${role}`, policyName, ...more };
}

/** By the service's name without ".amazonaws.com". */
export const linkedServices: Readonly<Record<string, LinkedService>> = {
  "accountdiscovery.ssm": linked(
    "AmazonSSM_AccountDiscovery",
    "AWSSystemsManagerAccountDiscoveryServicePolicy",
  ),
  acm: linked("CertificateManager", "CertificateManagerServiceRolePolicy"),
  "apidestinations.events": linked(
    "AmazonEventBridgeApiDestinations",
    "AmazonEventBridgeApiDestinationsServiceRolePolicy",
  ),
  appmesh: linked("AppMesh", "AWSAppMeshServiceRolePolicy"),
  "autoscaling-plans": linked(
    "AutoScalingPlans_EC2AutoScaling",
    "AWSAutoScalingPlansEC2AutoScalingPolicy",
  ),
  autoscaling: linked("AutoScaling", "AutoScalingServiceRolePolicy", { takesSuffix: true }),
  backup: linked("Backup", "AWSBackupServiceLinkedRolePolicyForBackup"),
  batch: linked("Batch", "BatchServiceRolePolicy"),
  "cks.kms": linked(
    "KeyManagementServiceCustomKeyStores",
    "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy",
  ),
  cloudtrail: linked("CloudTrail", "CloudTrailServiceRolePolicy"),
  "codestar-notifications": linked(
    "CodeStarNotifications",
    "AWSCodeStarNotificationsServiceRolePolicy",
  ),
  config: linked("Config", "AWSConfigServiceRolePolicy"),
  connect: linked("AmazonConnect", "AmazonConnectServiceLinkedRolePolicy", { takesSuffix: true }),
  "contributorinsights.dynamodb": linked(
    "DynamoDBCloudWatchContributorInsights",
    "DynamoDBCloudWatchContributorInsightsServiceRolePolicy",
  ),
  dax: linked("DAX", "DAXServiceRolePolicy"),
  "dms-fleet-advisor": linked("DMSFleetAdvisor", "AWSDMSFleetAdvisorServiceRolePolicy"),
  dms: linked("DMSServerless", "AWSDMSServerlessServiceRolePolicy"),
  "dynamodb.application-autoscaling": linked(
    "ApplicationAutoScaling_DynamoDBTable",
    "AWSApplicationAutoscalingDynamoDBTablePolicy",
  ),
  "ec2-instance-connect": linked("Ec2InstanceConnect", "Ec2InstanceConnect"),
  "ec2.application-autoscaling": linked(
    "ApplicationAutoScaling_EC2SpotFleetRequest",
    "AWSApplicationAutoscalingEC2SpotFleetRequestPolicy",
  ),
  ecr: linked("ECRTemplate", "ECRTemplateServiceRolePolicy"),
  ecs: linked("ECS", "AmazonECSServiceRolePolicy"),
  "eks-connector": linked("AmazonEKSConnector", "AmazonEKSConnectorServiceRolePolicy"),
  "eks-nodegroup": linked("AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
  eks: linked("AmazonEKS", "AmazonEKSServiceRolePolicy"),
  elasticache: linked("ElastiCache", "ElastiCacheServiceRolePolicy"),
  elasticbeanstalk: linked("ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
  elasticfilesystem: linked("AmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy"),
  elasticloadbalancing: linked("ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
  "emr-containers": linked("AmazonEMRContainers", "AmazonEMRContainersServiceRolePolicy"),
  emrwal: linked("EMRWAL", "EMRDescribeClusterPolicyForEMRWAL"),
  fis: linked("FIS", "AmazonFISServiceRolePolicy"),
  grafana: linked("AmazonGrafana", "AmazonGrafanaServiceLinkedRolePolicy"),
  imagebuilder: linked("ImageBuilder", "AWSServiceRoleForImageBuilder"),
  iotmanagedintegrations: linked("IoTManagedIntegrations", "AWSIoTManagedIntegrationsRolePolicy"),
  kafka: linked("Kafka", "KafkaServiceRolePolicy"),
  "kinesisreplication.dynamodb": linked(
    "DynamoDBKinesisDataStreamsReplication",
    "DynamoDBKinesisReplicationServiceRolePolicy",
  ),
  "lambda.application-autoscaling": linked(
    "ApplicationAutoScaling_LambdaConcurrency",
    "AWSApplicationAutoscalingLambdaConcurrencyPolicy",
  ),
  lex: linked("LexBots", "AmazonLexBotPolicy"),
  lexv2: linked("LexV2Bots", "AmazonLexV2BotPolicy", { takesSuffix: true }),
  m2: linked("AWSM2", "AWSM2ServicePolicy"),
  mq: linked("AmazonMQ", "AmazonMQServiceRolePolicy"),
  "mrk.kms": linked(
    "KeyManagementServiceMultiRegionKeys",
    "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
  ),
  "observability.aoss": linked(
    "AmazonOpenSearchServerless",
    "AmazonOpenSearchServerlessServiceRolePolicy",
  ),
  opensearchservice: linked("AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
  "ops.apigateway": linked("APIGateway", "APIGatewayServiceRolePolicy"),
  "ops.emr-serverless": linked("AmazonEMRServerless", "AmazonEMRServerlessServiceRolePolicy"),
  "opsdatasync.ssm": linked(
    "SystemsManagerOpsDataSync",
    "AWSSystemsManagerOpsDataSyncServiceRolePolicy",
  ),
  "pullthroughcache.ecr": linked("ECRPullThroughCache", "AWSECRPullThroughCache_ServiceRolePolicy"),
  rds: linked("RDS", "AmazonRDSServiceRolePolicy", {
    description: "Allows Amazon RDS to manage AWS resources on your behalf",
  }),
  redshift: linked("Redshift", "AmazonRedshiftServiceLinkedRolePolicy"),
  "replication.cassandra": linked("KeyspacesReplication", "KeyspacesReplicationServiceRolePolicy"),
  "replication.dynamodb": linked("DynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
  "replication.ecr": linked("ECRReplication", "ECRReplicationServiceRolePolicy"),
  "repository.sync.codeconnections": linked("GitSync", "AWSGitSyncServiceRolePolicy"),
  "resource-explorer-2": linked("ResourceExplorer", "AWSResourceExplorerServiceRolePolicy"),
  rolesanywhere: linked("RolesAnywhere", "AWSRolesAnywhereServicePolicy"),
  ses: linked("AmazonSES", "AmazonSESServiceRolePolicy"),
  shield: linked("AWSShield", "AWSShieldServiceRolePolicy"),
  "ssm-incidents": linked("IncidentManager", "AWSIncidentManagerServiceRolePolicy"),
  sso: linked("SSO", "AWSSSOServiceRolePolicy", {
    description:
      "Service-linked role used by AWS SSO to manage AWS resources, including IAM roles, policies and SAML IdP on your behalf.",
  }),
  "vpcorigin.cloudfront": linked("CloudFrontVPCOrigin", "AWSCloudFrontVPCOriginServiceRolePolicy"),
  waf: linked("WAFLogging", "WAFLoggingServiceRolePolicy"),
  wafv2: linked("WAFV2Logging", "WAFV2LoggingServiceRolePolicy"),
};
