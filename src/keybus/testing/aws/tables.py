"""Tables of DynamoDB, in which consumers keep what they have seen."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keybus.testing.aws.intrinsics import Made
from keybus.testing.aws.maker import Maker, maker, renamed

Client = Callable[[str], Any]
_SAME: Final = (
    *("TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput"),
    *("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "TableClass", "Tags"),
)
_LIVES: Final = "TimeToLiveSpecification"
_RECOVERED: Final = "PointInTimeRecoverySpecification"


@maker(" ".join((*_SAME, "StreamSpecification", _LIVES, _RECOVERED)), named="TableName")
def table(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::DynamoDB::Table."""
    dynamodb = client("dynamodb")
    asked = renamed(properties, *_SAME)
    if stream := properties.get("StreamSpecification"):
        asked["StreamSpecification"] = {"StreamEnabled": True, **stream}
    found = dynamodb.create_table(**asked)["TableDescription"]
    name = found["TableName"]
    for operation, key in (
        (dynamodb.update_time_to_live, _LIVES),
        (dynamodb.update_continuous_backups, _RECOVERED),
    ):
        if key in properties:
            operation(TableName=name, **{key: properties[key]})
    streams = {"StreamArn": found["LatestStreamArn"]} if "LatestStreamArn" in found else {}
    return Made(name, {"Arn": found["TableArn"], **streams})


TABLES: Final[Mapping[str, Maker]] = {"AWS::DynamoDB::Table": table}
