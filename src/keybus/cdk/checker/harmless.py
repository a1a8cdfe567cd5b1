"""What an app may have beside the platform: types and properties that carry no event anywhere.

This is a list of what is known to be harmless. What is not on it fails, since whoever looks for
what is harmful forgets some of it, and AWS adds to it.
"""

from collections.abc import Mapping
from typing import Final

HARMLESS: Final[Mapping[str, frozenset[str]]] = {
    type_: frozenset(properties.split())
    for type_, properties in {
        "AWS::ApplicationAutoScaling::ScalableTarget": "MaxCapacity MinCapacity ResourceId RoleARN"
        " ScalableDimension ScheduledActions ServiceNamespace SuspendedState",
        "AWS::ApplicationAutoScaling::ScalingPolicy": "PolicyName PolicyType"
        " PredictiveScalingPolicyConfiguration ResourceId ScalableDimension ScalingTargetId"
        " ServiceNamespace StepScalingPolicyConfiguration TargetTrackingScalingPolicyConfiguration",
        "AWS::CDK::Metadata": "Analytics Modules",
        "AWS::CloudWatch::Alarm": "ActionsEnabled AlarmActions AlarmName ComparisonOperator"
        " DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile EvaluationPeriods"
        " ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace OKActions Period"
        " Statistic Threshold ThresholdMetricId TreatMissingData Unit",
        "AWS::CloudWatch::CompositeAlarm": "ActionsEnabled ActionsSuppressor"
        " ActionsSuppressorExtensionPeriod ActionsSuppressorWaitPeriod AlarmActions AlarmName"
        " AlarmRule InsufficientDataActions OKActions",
        "AWS::CloudWatch::Dashboard": "DashboardBody DashboardName",
        "AWS::DynamoDB::GlobalTable": "AttributeDefinitions BillingMode GlobalSecondaryIndexes"
        " KeySchema LocalSecondaryIndexes Replicas SSESpecification StreamSpecification TableName"
        " TimeToLiveSpecification WarmThroughput WriteOnDemandThroughputSettings"
        " WriteProvisionedThroughputSettings",
        "AWS::DynamoDB::Table": "AttributeDefinitions BillingMode ContributorInsightsSpecification"
        " DeletionProtectionEnabled GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes"
        " OnDemandThroughput PointInTimeRecoverySpecification ProvisionedThroughput"
        " SSESpecification StreamSpecification TableClass TableName TimeToLiveSpecification"
        " WarmThroughput",
        "AWS::EC2::SecurityGroup": "GroupDescription GroupName SecurityGroupEgress"
        " SecurityGroupIngress VpcId",
        "AWS::EC2::SecurityGroupEgress": "CidrIp CidrIpv6 DestinationPrefixListId"
        " DestinationSecurityGroupId FromPort GroupId IpProtocol ToPort",
        "AWS::EC2::SecurityGroupIngress": "CidrIp CidrIpv6 FromPort GroupId IpProtocol"
        " SourcePrefixListId SourceSecurityGroupId ToPort",
        "AWS::ECS::Cluster": "CapacityProviders ClusterName ClusterSettings"
        " DefaultCapacityProviderStrategy",
        "AWS::ECS::Service": "AvailabilityZoneRebalancing CapacityProviderStrategy Cluster"
        " DeploymentConfiguration DeploymentController DesiredCount EnableECSManagedTags"
        " EnableExecuteCommand HealthCheckGracePeriodSeconds LaunchType LoadBalancers"
        " NetworkConfiguration PlacementConstraints PlacementStrategies PlatformVersion"
        " PropagateTags SchedulingStrategy ServiceName ServiceRegistries TaskDefinition",
        "AWS::ECS::TaskDefinition": "Cpu EphemeralStorage ExecutionRoleArn Family IpcMode Memory"
        " NetworkMode PidMode PlacementConstraints RequiresCompatibilities RuntimePlatform"
        " TaskRoleArn Volumes",
        "AWS::Lambda::Alias": "FunctionName FunctionVersion Name ProvisionedConcurrencyConfig"
        " RoutingConfig",
        "AWS::Lambda::EventSourceMapping": "BatchSize BisectBatchOnFunctionError Enabled"
        " EventSourceArn FilterCriteria FunctionName FunctionResponseTypes KmsKeyArn"
        " MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds MaximumRetryAttempts"
        " MetricsConfig ParallelizationFactor ProvisionedPollerConfig ScalingConfig"
        " StartingPosition StartingPositionTimestamp TumblingWindowInSeconds",
        "AWS::Lambda::Function": "Architectures CodeSigningConfigArn EphemeralStorage"
        " FileSystemConfigs FunctionName Handler ImageConfig KmsKeyArn LoggingConfig MemorySize"
        " PackageType RecursiveLoop ReservedConcurrentExecutions Role RuntimeManagementConfig"
        " SnapStart Timeout TracingConfig VpcConfig",
        "AWS::Lambda::LayerVersion": "CompatibleArchitectures CompatibleRuntimes Content LayerName"
        " LicenseInfo",
        "AWS::Lambda::Permission": "Action FunctionName Principal SourceAccount SourceArn",
        "AWS::Lambda::Version": "CodeSha256 FunctionName ProvisionedConcurrencyConfig",
        "AWS::Logs::LogGroup": "FieldIndexPolicies KmsKeyId LogGroupClass LogGroupName"
        " RetentionInDays",
        "AWS::Logs::LogStream": "LogGroupName LogStreamName",
        "AWS::Logs::MetricFilter": "FilterName FilterPattern LogGroupName MetricTransformations",
        "AWS::SSM::Parameter": "AllowedPattern DataType Name Policies Tier Type Value",
    }.items()
}
"""The properties of types that an app may have as it likes, with the checks that `beside` makes."""
IRRELEVANT: Final = frozenset(
    {
        "AlarmDescription",
        "Code",
        "ContainerDefinitions",
        "Description",
        "DisplayName",
        "Environment",
        "FilterCriteria",
        "FilterPattern",
        "Layers",
        "Runtime",
        "Tags",
    }
)
"""Properties of these that grant nothing and carry nothing, whatever they say."""
_REPLICA: Final = frozenset(
    {
        "ContributorInsightsSpecification",
        "DeletionProtectionEnabled",
        "GlobalSecondaryIndexes",
        "PointInTimeRecoverySpecification",
        "ReadOnDemandThroughputSettings",
        "ReadProvisionedThroughputSettings",
        "Region",
        "SSESpecification",
        "TableClass",
        "Tags",
    }
)
_STREAM: Final = frozenset({"StreamViewType"})
WITHIN: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("AWS::DynamoDB::GlobalTable", "Replicas"): _REPLICA,
    ("AWS::DynamoDB::GlobalTable", "StreamSpecification"): _STREAM,
    ("AWS::DynamoDB::Table", "StreamSpecification"): _STREAM,
}
"""What stands within properties that may have a policy of their own."""
IDENTITIES: Final[Mapping[str, frozenset[str]]] = {
    type_: frozenset(properties.split())
    for type_, properties in {
        "AWS::IAM::InstanceProfile": "InstanceProfileName Path Roles",
        "AWS::IAM::ManagedPolicy": "Description Groups ManagedPolicyName Path PolicyDocument Roles"
        " Users",
        "AWS::IAM::Policy": "Groups PolicyDocument PolicyName Roles Users",
        "AWS::IAM::Role": "AssumeRolePolicyDocument Description ManagedPolicyArns"
        " MaxSessionDuration Path PermissionsBoundary Policies RoleName Tags",
    }.items()
}
"""The properties of roles and policies."""
KEYS: Final[Mapping[str, frozenset[str]]] = {
    "AWS::KMS::Alias": frozenset({"AliasName", "TargetKeyId"}),
    "AWS::KMS::Key": frozenset(
        {
            "Description",
            "EnableKeyRotation",
            "Enabled",
            "KeyPolicy",
            "KeySpec",
            "KeyUsage",
            "PendingWindowInDays",
            "RotationPeriodInDays",
            "Tags",
        }
    ),
}
"""The properties of a team's own keys."""
LISTENER: Final = frozenset(
    {
        "DeliveryPolicy",
        "Endpoint",
        "FilterPolicy",
        "FilterPolicyScope",
        "Protocol",
        "RawMessageDelivery",
        "Region",
        "TopicArn",
    }
)
"""The properties of a subscription to a topic of alarms."""
SCHEDULE: Final = frozenset(
    {"Description", "EventBusName", "Name", "ScheduleExpression", "State", "Tags", "Targets"}
)
"""The properties of a rule that calls functions by the clock."""
CALLED: Final = frozenset({"Arn", "Id", "Input", "RetryPolicy"})
"""The properties of its targets."""
