"""Code bindings of contracts: a Python package, made by Keybus's own generator when it is asked for.

Source: EventBridge Schemas API reference, "Code bindings".
"""

import asyncio
import io
import zipfile
from collections.abc import Mapping
from typing import Annotated, Final

from keybus.bus.schema_registries.released import ContractVersion
from keybus.contracts.bindings import python_package
from keybus.contracts.naming import snake
from keybus.server.aws import Call
from keybus.server.aws.shapes import Answer, Request
from keybus.server.schemas.errors import bad_request
from keybus.server.schemas.keepers import CONTRACTS, Version, keeper_of
from keybus.server.schemas.operation import READ, Operation
from keybus.server.schemas.places import uri
from keybus.server.schemas.shapes import SCHEMA, AnyVersion, RegistryName, SchemaName

_PYTHON: Final = "Python36"
_NEEDS: Final = "the package needs Python 3.11 or later, and the package keybus"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file knows: the same contract gives the same bytes."""
_LANGUAGE: Final = f"{SCHEMA}/language/{{language}}"


class OfBinding(Request, frozen=True):
    """DescribeCodeBindingRequest, GetCodeBindingSourceRequest and PutCodeBindingRequest."""

    registry_name: RegistryName
    schema_name: SchemaName
    language: Annotated[str, uri("language")]
    schema_version: AnyVersion | None = None


class CodeBinding(Answer, frozen=True):
    """DescribeCodeBindingResponse and PutCodeBindingResponse."""

    schema_version: str
    status: str
    creation_date: str | None = None
    last_modified: str | None = None


async def code_binding(call: Call, asked: OfBinding) -> CodeBinding:
    """Answer PutCodeBinding and DescribeCodeBinding: it is there, as soon as there is a contract."""
    version, _ = await _contract(call, asked)
    return CodeBinding(version.name, "CREATE_COMPLETE", version.created, version.created)


async def code_binding_source(call: Call, asked: OfBinding) -> bytes:
    """Answer GetCodeBindingSource with a zip file."""
    _, contract = await _contract(call, asked)
    return await asyncio.to_thread(_zipped, contract)


async def _contract(call: Call, asked: OfBinding) -> tuple[Version, ContractVersion]:
    """The version that is meant.

    Raises:
        AwsError: There are no bindings of it.
    """
    if asked.language != _PYTHON:
        raise bad_request(
            f"There are no bindings for {asked.language[:100]!r}: Keybus writes {_PYTHON} alone."
        )
    keeper = await keeper_of(call, asked.registry_name)
    version = (await keeper.one(asked.schema_name)).version(asked.schema_version)
    if version.contract is None:
        raise bad_request(
            f"Bindings are written from contracts, which the registry {CONTRACTS} has; this schema"
            " has no owner, no version of its own and no class name. Release it as a contract."
        )
    call.warn(_NEEDS)
    if warning := version.contract.warning:
        call.warn(warning)
    return version, version.contract


def _zipped(version: ContractVersion) -> bytes:
    """The package of one contract, in a folder of its name."""
    contract, out = version.contract, io.BytesIO()
    deprecated = {contract.type: version.warning} if version.warning else {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in python_package([contract], deprecated).items():
            place = zipfile.ZipInfo(f"{snake(contract.title)}/{name}", _EPOCH)
            place.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(place, content)
    return out.getvalue()


OPERATIONS: Final[Mapping[str, Operation]] = {
    "DescribeCodeBinding": Operation("GET", _LANGUAGE, OfBinding, code_binding, READ, CodeBinding),
    "GetCodeBindingSource": Operation(
        "GET", f"{_LANGUAGE}/source", OfBinding, code_binding_source, READ
    ),
    "PutCodeBinding": Operation("POST", _LANGUAGE, OfBinding, code_binding, READ, CodeBinding, 202),
}
