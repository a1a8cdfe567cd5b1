"""The schemas of EventBridge's registries, as boto3 reads them."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from keybus.cdk.existing.inventory import NotCarried
from keybus.contracts.exchange_formats.foreign import ForeignSchema, NoSchema, of_value


def registries_of(client: Any) -> list[str]:
    """The account's own registries, and the one of discovery; AWS's own is left out.

    Args:
        client: boto3's client of ``schemas``.
    """
    pages = client.get_paginator("list_registries").paginate()
    names = [each["RegistryName"] for page in pages for each in page["Registries"]]
    return [each for each in names if not each.startswith("aws.")]


def schemas_of(
    client: Any,
    registry: str,
    names: Collection[str] = (),
    *,
    told: Callable[[NotCarried], None],
) -> Iterator[ForeignSchema]:
    """A registry's schemas, each the newest version.

    Args:
        client: boto3's client of ``schemas``.
        registry: Its name.
        names: Only these; empty: all.
        told: Given what is in no form that can be read.
    """
    for name in names or _all_of(client, registry):
        found = client.describe_schema(RegistryName=registry, SchemaName=name)
        try:
            yield of_value(found, name)
        except NoSchema as error:
            told(NotCarried(f"{registry}/{name}", str(error)))


def _all_of(client: Any, registry: str) -> list[str]:
    pages = client.get_paginator("list_schemas").paginate(RegistryName=registry)
    return [each["SchemaName"] for page in pages for each in page["Schemas"]]
