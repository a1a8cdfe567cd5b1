"""Archives: CreateArchive, DescribeArchive, UpdateArchive, DeleteArchive, ListArchives.

Source: Amazon EventBridge API reference, the operations of these names.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final, Literal

from keybus.arns import Arn
from keybus.bus.archives.archive import ArchiveExists, NamedArchive, NoSuchArchive, TooManyArchives
from keybus.errors import PatternError
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.paging import page
from keybus.server.aws.shapes import Answer, Request, between, length, pattern
from keybus.server.eventbridge.buses import KmsKey, arn_of
from keybus.server.eventbridge.naming import DEFAULT, own_bus, platforms_bus
from keybus.server.eventbridge.shapes import Limit, NextToken

READ, MANAGE = administer("archives.read"), administer("archives.manage")
_MICROSECONDS: Final = 1_000_000
_DAY_SECONDS: Final = 86_400
ArchiveName = Annotated[str, length(1, 48), pattern(r"[\.\-_A-Za-z0-9]+")]
SourceArn = Annotated[
    str, length(1, 1600), pattern(r"^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:.+\/.+$")
]
Description = Annotated[str, length(None, 512), pattern(".*")]
EventPattern = Annotated[str, length(None, 4096)]
RetentionDays = Annotated[int, between(0)]
State = Literal["ENABLED", "DISABLED", "CREATING", "UPDATING", "CREATE_FAILED", "UPDATE_FAILED"]
ENABLED: Final = "ENABLED"
"""The state of every archive: it is a view, and there as soon as it is made."""
_DAMAGED: Final = "UPDATE_FAILED"
"""The state of those that cannot be read."""
_ONE_FILTER: Final = (
    "At most one filter is allowed for ListArchives. "
    "Use either : State, EventSourceArn, or NamePrefix."
)


class CreateArchive(Request, frozen=True):
    """CreateArchiveRequest."""

    archive_name: ArchiveName
    event_source_arn: SourceArn
    description: Description | None = None
    event_pattern: EventPattern | None = None
    retention_days: RetentionDays | None = None
    kms_key_identifier: KmsKey | None = None


class UpdateArchive(Request, frozen=True):
    """UpdateArchiveRequest."""

    archive_name: ArchiveName
    description: Description | None = None
    event_pattern: EventPattern | None = None
    retention_days: RetentionDays | None = None
    kms_key_identifier: KmsKey | None = None


class OneArchive(Request, frozen=True):
    """DescribeArchiveRequest, DeleteArchiveRequest."""

    archive_name: ArchiveName


class ListArchives(Request, frozen=True):
    """ListArchivesRequest."""

    name_prefix: ArchiveName | None = None
    event_source_arn: SourceArn | None = None
    state: State | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class Changed(Answer, frozen=True):
    """CreateArchiveResponse, UpdateArchiveResponse."""

    archive_arn: str
    state: str
    creation_time: float


class Described(Answer, frozen=True, omit_defaults=False):
    """DescribeArchiveResponse."""

    archive_arn: str
    archive_name: str
    event_source_arn: str
    state: str
    description: str
    event_pattern: str
    retention_days: int
    size_bytes: int
    event_count: int
    creation_time: float


class Listed(Answer, frozen=True, omit_defaults=False):
    """An Archive of ListArchivesResponse."""

    archive_name: str
    event_source_arn: str
    state: str
    retention_days: int
    size_bytes: int
    event_count: int
    creation_time: float


class Unreadable(Listed, frozen=True, omit_defaults=False, kw_only=True):
    """The same of one whose document is damaged: of which nothing is known but its name."""

    state_reason: str


class Archives(Answer, frozen=True):
    """ListArchivesResponse."""

    archives: list[Listed]
    next_token: str | None = None


async def create_archive(call: Call, asked: CreateArchive) -> Changed:
    """Make an archive."""
    source = Arn.parse(asked.event_source_arn)
    if source is None or not source.resource.startswith("event-bus/"):
        raise invalid(
            "Parameter EventSourceArn is not valid. Reason: Must contain an event bus ARN."
        )
    platforms_bus(call, asked.event_source_arn, "Archives")
    _check_key(asked.kms_key_identifier)
    wanted = NamedArchive(
        asked.archive_name,
        0,
        asked.event_pattern or "",
        asked.retention_days or 0,
        asked.description or "",
    )
    with _told():
        archive = await call.bus.archives.create(wanted, call.principal)
    _warn(call, archive)
    return _changed(call, archive)


async def update_archive(call: Call, asked: UpdateArchive) -> Changed:
    """Say other things of an archive."""
    _check_key(asked.kms_key_identifier)
    with _told():
        archive = await call.bus.archives.change(
            asked.archive_name,
            call.principal,
            pattern=asked.event_pattern,
            retention_days=asked.retention_days,
            description=asked.description,
        )
    _warn(call, archive)
    return _changed(call, archive)


async def describe_archive(call: Call, asked: OneArchive) -> Described:
    """Describe an archive."""
    with _told():
        archive = call.bus.archives.get(asked.archive_name)
    counted = call.bus.archives.counted(archive)
    return Described(
        arn_of_archive(call, archive.name),
        archive.name,
        arn_of(call, DEFAULT),
        ENABLED,
        archive.description,
        archive.pattern,
        archive.retention_days,
        counted.size,
        counted.events,
        archive.created_us / _MICROSECONDS,
    )


async def delete_archive(call: Call, asked: OneArchive) -> None:
    """Delete an archive; the log keeps its events."""
    with _told():
        await call.bus.archives.delete(asked.archive_name, call.principal)


async def list_archives(call: Call, asked: ListArchives) -> Archives:
    """List archives, by one filter at most."""
    filters = (asked.name_prefix, asked.event_source_arn, asked.state)
    if len([each for each in filters if each is not None]) > 1:
        raise invalid(_ONE_FILTER)
    archives = call.bus.archives
    found = [_listed(call, each) for each in archives.all()]
    found += [_unreadable(call, name) for name in sorted(archives.damaged)]
    if asked.event_source_arn is not None and own_bus(call, asked.event_source_arn):
        found = []  # a bus of the account's own has none
    shown, token = page(
        [
            each
            for each in found
            if each.archive_name.startswith(asked.name_prefix or "")
            and asked.state in (None, each.state)
        ],
        lambda each: each.archive_name,
        listing="ListArchives",
        token=asked.next_token,
        limit=asked.limit,
    )
    return Archives(shown, token)


def arn_of_archive(call: Call, name: str) -> str:
    """An archive's ARN; it belongs to the central account, as the bus does."""
    return call.arn("events", f"archive/{name}", call.bus.platform.central or "")


def _check_key(key: str | None) -> None:
    if key:
        raise invalid(
            "KmsKeyIdentifier is not supported by Keybus: an archive is a view of the log, which is"
            " in the engine's store as it is."
        )


def _warn(call: Call, archive: NamedArchive) -> None:
    """Tell where the log forgets sooner than the archive is to."""
    declared, days = call.bus.platform.archive, archive.retention_days
    asked = f"{days} days" if days else "for ever"
    if declared.max_age is not None and (not days or declared.max_age < days * _DAY_SECONDS):
        kept = declared.max_age / _DAY_SECONDS
        call.warn(
            f"the platform keeps events {kept:.3g} days (archive.max_age in platform.yaml), which is"
            f" less than the {asked} of this archive"
        )
    if declared.max_size is not None:
        call.warn(
            f"the platform keeps {declared.max_size} bytes (archive.max_size in platform.yaml), and"
            " drops the oldest events beyond that, whatever RetentionDays says"
        )


def _changed(call: Call, archive: NamedArchive) -> Changed:
    arn = arn_of_archive(call, archive.name)
    return Changed(arn, ENABLED, archive.created_us / _MICROSECONDS)


def _listed(call: Call, archive: NamedArchive) -> Listed:
    counted = call.bus.archives.counted(archive)
    return Listed(
        archive.name,
        arn_of(call, DEFAULT),
        ENABLED,
        archive.retention_days,
        counted.size,
        counted.events,
        archive.created_us / _MICROSECONDS,
    )


def _unreadable(call: Call, name: str) -> Listed:
    return Unreadable(
        name,
        arn_of(call, DEFAULT),
        _DAMAGED,
        retention_days=0,
        size_bytes=0,
        event_count=0,
        creation_time=0.0,
        state_reason="What is kept of it cannot be read; the bus's log says why.",
    )


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong, as AWS tells it."""
    try:
        yield
    except ArchiveExists as error:
        raise AwsError("ResourceAlreadyExistsException", str(error)) from error
    except NoSuchArchive as error:
        raise AwsError("ResourceNotFoundException", str(error)) from error
    except TooManyArchives as error:
        raise AwsError("LimitExceededException", str(error)) from error
    except PatternError as error:
        told = f"Event pattern is not valid. Reason: {error.args[0]}"
        raise AwsError("InvalidEventPatternException", told) from error


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateArchive": Operation(CreateArchive, create_archive, MANAGE),
    "DeleteArchive": Operation(OneArchive, delete_archive, MANAGE),
    "DescribeArchive": Operation(OneArchive, describe_archive, READ),
    "ListArchives": Operation(ListArchives, list_archives, READ),
    "UpdateArchive": Operation(UpdateArchive, update_archive, MANAGE),
}
