"""Archives and replays."""

from typing import Final

from tests.aws.chapters.step import Step

BUS: Final = Step("events", "DescribeEventBus", {"Name": "default"}, {"bus": "Arn"})
ARCHIVE: Final = Step(
    "events",
    "CreateArchive",
    {
        "ArchiveName": "archive-${run}",
        "EventSourceArn": "${bus}",
        "Description": "keys",
        "EventPattern": '{"source": ["aws.key"]}',
        "RetentionDays": 7,
    },
    {"archive": "ArchiveArn"},
)

ARCHIVES: Final = (
    BUS,
    ARCHIVE,
    Step("events", "CreateArchive", ARCHIVE.asked, refused="ResourceAlreadyExistsException"),
    Step("events", "DescribeArchive", {"ArchiveName": "archive-${run}"}),
    Step("events", "ListArchives", {"NamePrefix": "archive-${run}", "Limit": 1}),
    Step("events", "ListArchives", {"EventSourceArn": "${bus}"}),
    Step(
        "events",
        "UpdateArchive",
        {
            "ArchiveName": "archive-${run}",
            "Description": "doors",
            "EventPattern": '{"source": ["aws.door"]}',
            "RetentionDays": 8,
        },
    ),
    Step("events", "DeleteArchive", {"ArchiveName": "archive-${run}"}),
    Step(
        "events",
        "DescribeArchive",
        {"ArchiveName": "archive-${run}"},
        refused="ResourceNotFoundException",
    ),
)

REPLAYS: Final = (
    BUS,
    ARCHIVE,
    Step(
        "events",
        "StartReplay",
        {
            "ReplayName": "replay-${run}",
            "Description": "once more",
            "EventSourceArn": "${archive}",
            "EventStartTime": 1_780_000_000,
            "EventEndTime": 1_780_000_060,
            "Destination": {"Arn": "${bus}"},
        },
    ),
    Step("events", "DescribeReplay", {"ReplayName": "replay-${run}"}),
    Step("events", "ListReplays", {"NamePrefix": "replay-${run}", "Limit": 1}),
    Step("events", "ListReplays", {"EventSourceArn": "${archive}"}),
    Step(
        "events",
        "CancelReplay",
        {"ReplayName": "replay-${run}"},
        late="IllegalStatusException",
    ),
    Step(
        "events",
        "CancelReplay",
        {"ReplayName": "none-${run}"},
        refused="ResourceNotFoundException",
    ),
    Step(
        "events",
        "DescribeReplay",
        {"ReplayName": "none-${run}"},
        refused="ResourceNotFoundException",
    ),
)
