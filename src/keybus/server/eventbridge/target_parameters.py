"""What EventBridge's model says of targets in other services: read as AWS reads it, and refused.

Source: EventBridge API reference, "Target" and the types that it names.
"""

from typing import Annotated, Final, Literal

import msgspec

from keybus.server.aws.shapes import Request, between, length, pattern
from keybus.server.eventbridge.shapes import Tag

Arn = Annotated[str, length(1, 1600)]
_RUN_COMMAND_KEY: Final = r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$"
"""The model's, with classes that `re` does not have."""


class _Camel(msgspec.Struct, frozen=True, rename="camel"):
    """Members that ECS's own model has in another spelling than EventBridge's."""


class AwsVpcConfiguration(Request, frozen=True):
    """Where an ECS task runs."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = ()
    assign_public_ip: Literal["ENABLED", "DISABLED"] | None = None


class NetworkConfiguration(_Camel, frozen=True):
    """An ECS task's network."""

    awsvpc_configuration: AwsVpcConfiguration | None = None


class CapacityProviderStrategyItem(_Camel, frozen=True):
    """On what an ECS task runs."""

    capacity_provider: Annotated[str, length(1, 255)]
    weight: Annotated[int, between(0, 1000)] | None = None
    base: Annotated[int, between(0, 100_000)] | None = None


class PlacementConstraint(_Camel, frozen=True):
    """Where an ECS task may be placed."""

    type: Literal["distinctInstance", "memberOf"] | None = None
    expression: Annotated[str, length(None, 2000)] | None = None


class PlacementStrategy(_Camel, frozen=True):
    """How an ECS task is placed."""

    type: Literal["random", "spread", "binpack"] | None = None
    field: Annotated[str, length(None, 255)] | None = None


class EcsParameters(Request, frozen=True):
    """Of an ECS task."""

    task_definition_arn: Arn
    task_count: Annotated[int, between(1, None)] | None = None
    launch_type: Literal["EC2", "FARGATE", "EXTERNAL"] | None = None
    network_configuration: NetworkConfiguration | None = None
    platform_version: str | None = None
    group: str | None = None
    capacity_provider_strategy: Annotated[
        tuple[CapacityProviderStrategyItem, ...], length(None, 6)
    ] = ()
    managed_tags: bool | None = msgspec.field(name="EnableECSManagedTags", default=None)
    enable_execute_command: bool | None = None
    placement_constraints: Annotated[tuple[PlacementConstraint, ...], length(None, 10)] = ()
    placement_strategy: Annotated[tuple[PlacementStrategy, ...], length(None, 5)] = ()
    propagate_tags: Literal["TASK_DEFINITION"] | None = None
    reference_id: Annotated[str, length(None, 1024)] | None = None
    tags: tuple[Tag, ...] = ()


class BatchArrayProperties(Request, frozen=True):
    """How many Batch jobs there are."""

    size: int | None = None


class BatchRetryStrategy(Request, frozen=True):
    """How often a Batch job is tried again."""

    attempts: int | None = None


class BatchParameters(Request, frozen=True):
    """Of a Batch job."""

    job_definition: str
    job_name: str
    array_properties: BatchArrayProperties | None = None
    retry_strategy: BatchRetryStrategy | None = None


class KinesisParameters(Request, frozen=True):
    """Of a Kinesis stream."""

    partition_key_path: Annotated[str, length(None, 256)]


class RunCommandTarget(Request, frozen=True):
    """The instances of an EC2 Run Command."""

    key: Annotated[str, length(1, 128), pattern(_RUN_COMMAND_KEY, linear=r"[\w\s.:/=+\-@]*")]
    values: Annotated[tuple[Annotated[str, length(1, 256)], ...], length(1, 50)]


class RunCommandParameters(Request, frozen=True):
    """Of an EC2 Run Command."""

    run_command_targets: Annotated[tuple[RunCommandTarget, ...], length(1, 5)]


class RedshiftDataParameters(Request, frozen=True):
    """Of a Redshift cluster."""

    database: Annotated[str, length(1, 64)]
    secret_manager_arn: (
        Annotated[
            str,
            length(1, 1600),
            pattern(
                r"(^arn:aws([a-z]|\-)*:secretsmanager:[a-z0-9-.]+:.*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)"
            ),
        ]
        | None
    ) = None
    db_user: Annotated[str, length(1, 128)] | None = None
    sql: Annotated[str, length(1, 100_000)] | None = None
    statement_name: Annotated[str, length(1, 500)] | None = None
    with_event: bool | None = None
    sqls: Annotated[tuple[Annotated[str, length(1, 100_000)], ...], length(0, 40)] = ()


class SageMakerPipelineParameter(Request, frozen=True):
    """One of a SageMaker pipeline's."""

    name: Annotated[str, length(1, 256), pattern(r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$")]
    value: Annotated[str, length(None, 1024)]


class SageMakerPipelineParameters(Request, frozen=True):
    """Of a SageMaker pipeline."""

    pipeline_parameter_list: Annotated[tuple[SageMakerPipelineParameter, ...], length(0, 200)] = ()


class AppSyncParameters(Request, frozen=True):
    """Of an AppSync API."""

    operation: Annotated[str, length(1, 1_048_576)] | None = msgspec.field(
        name="GraphQLOperation", default=None
    )
