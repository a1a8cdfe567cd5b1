"""One entry of PutTargets: what is asked of a target, and whether it can be one here.

Source: Amazon EventBridge API reference, "Target", "PutTargets", "SqsParameters", "RetryPolicy".
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from keybus.arns import Arn
from keybus.bus.rules.rule import Rule
from keybus.bus.rules.target import MOST_HTTP, MOST_HTTP_BYTES, RuleTarget
from keybus.bus.rules.target import HttpParameters as KeptHttp
from keybus.server.aws import Call
from keybus.server.aws.errors import invalid
from keybus.server.aws.shapes import SENSITIVE, Request, between, length, pattern
from keybus.server.eventbridge import target_parameters as foreign
from keybus.topology import Subscription
from keybus.topology.inputs.findings import input_findings
from keybus.topology.model import InputTransformer as KeptTransformer

TargetId = Annotated[str, length(1, 64), pattern(r"[\.\-_A-Za-z0-9]+")]
TargetArn = Annotated[str, length(1, 1600)]
Path = Annotated[str, length(None, 256)]
_BLANK: Final = r"^(?!\s*$).+"
_HEADER_VALUE: Final = r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$"
HeaderKey = Annotated[str, length(None, 512), pattern(r"^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$")]
HeaderValue = Annotated[
    str,
    length(None, 512),
    pattern(_HEADER_VALUE, linear=r"[ \t]*[\x20-\x7E][\t\x20-\x7E]*"),
    SENSITIVE,
]
QueryKey = Annotated[str, length(None, 512), pattern(r"[^\x00-\x1F\x7F]+")]
QueryValue = Annotated[
    str, length(None, 512), pattern(r"[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+"), SENSITIVE
]
_INPUT: Final = re.compile(r"input[a-z_]*")
_FIFO: Final = ".fifo"
_DEAD: Final = "-dlq"
_FOREIGN: Final = (
    *("kinesis_parameters", "run_command_parameters", "ecs_parameters", "batch_parameters"),
    *("redshift_data_parameters", "sage_maker_pipeline_parameters", "app_sync_parameters"),
)


class InputTransformer(Request, frozen=True):
    """InputTransformer."""

    input_template: Annotated[str, length(1, 8192)]
    input_paths_map: Annotated[
        dict[Annotated[str, length(1, 256), pattern(r"[A-Za-z0-9\_\-]+")], Path],
        length(None, 100),
    ] = msgspec.field(default_factory=dict)


class SqsParameters(Request, frozen=True):
    """SqsParameters."""

    message_group_id: Annotated[str, length(None, 100)] | None = None


class HttpParameters(Request, frozen=True):
    """HttpParameters."""

    path_parameter_values: tuple[Annotated[str, pattern(_BLANK)], ...] = ()
    header_parameters: dict[HeaderKey, HeaderValue] = msgspec.field(default_factory=dict)
    query_string_parameters: dict[QueryKey, QueryValue] = msgspec.field(default_factory=dict)


class DeadLetterConfig(Request, frozen=True):
    """DeadLetterConfig."""

    arn: Annotated[str, length(1, 1600)] | None = None


class RetryPolicy(Request, frozen=True):
    """RetryPolicy."""

    maximum_retry_attempts: Annotated[int, between(0, 185)] | None = None
    maximum_event_age_in_seconds: Annotated[int, between(60, 86_400)] | None = None


class Target(Request, frozen=True):
    """Target, as it is put."""

    id: TargetId
    arn: TargetArn
    role_arn: Annotated[str, length(1, 1600)] | None = None
    input: Annotated[str, length(None, 8192)] | None = None
    input_path: Path | None = None
    input_transformer: InputTransformer | None = None
    kinesis_parameters: foreign.KinesisParameters | None = None
    run_command_parameters: foreign.RunCommandParameters | None = None
    ecs_parameters: foreign.EcsParameters | None = None
    batch_parameters: foreign.BatchParameters | None = None
    sqs_parameters: SqsParameters | None = None
    http_parameters: HttpParameters | None = None
    redshift_data_parameters: foreign.RedshiftDataParameters | None = None
    sage_maker_pipeline_parameters: foreign.SageMakerPipelineParameters | None = None
    dead_letter_config: DeadLetterConfig | None = None
    retry_policy: RetryPolicy | None = None
    app_sync_parameters: foreign.AppSyncParameters | None = None


class TargetRefused(Exception):
    """An entry that is no target here.

    Args:
        message: Why not.
        code: The entry's error code.
    """

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code


def target_of(call: Call, rule: Rule, asked: Target) -> RuleTarget:
    """An entry as the bus keeps it.

    Args:
        call: Who asks.
        rule: The rule that is to send to it.
        asked: The entry.

    Raises:
        TargetRefused: It cannot be a target here.
    """
    given = [name for name in _FOREIGN if getattr(asked, name) is not None]
    if given:
        shown = _member(given[0])
        raise TargetRefused(f"{shown} is for a service that Keybus does not deliver to.")
    target = _kept(asked)
    _check_http(target)
    _check_place(call, target)
    _check_input(rule, target)
    if target.dead_letters:
        _check_dead_letters(call, target)
    _tell_of_queue(call, target)
    return target


def _kept(asked: Target) -> RuleTarget:
    http, retry = asked.http_parameters, asked.retry_policy or RetryPolicy()
    made = asked.input_transformer
    return RuleTarget(
        asked.id,
        asked.arn,
        asked.role_arn or "",
        asked.input,
        asked.input_path,
        None if made is None else KeptTransformer(made.input_template, made.input_paths_map),
        retry.maximum_retry_attempts,
        retry.maximum_event_age_in_seconds,
        dead_letters=(asked.dead_letter_config or DeadLetterConfig()).arn or "",
        group=(asked.sqs_parameters or SqsParameters()).message_group_id or "",
        http=None
        if http is None
        else KeptHttp(
            http.path_parameter_values, http.header_parameters, http.query_string_parameters
        ),
    )


def check_arns(targets: Iterable[Target]) -> None:
    """What names nothing at all has the whole request refused, as on AWS.

    Raises:
        AwsError: ``ValidationException``.
    """
    for each in targets:
        if Arn.parse(each.arn) is None:
            raise invalid(
                f"Parameter {each.arn} is not valid. Reason: Provided Arn is not in correct format."
            )


def _check_place(call: Call, target: RuleTarget) -> None:
    """Whether there is, or may be, a worker for the target."""
    arn = Arn.parse(target.arn)
    assert arn is not None  # `check_arns` has seen to it
    if arn.service == "sqs":
        _check_queue(call, arn)
        _check_group(target, arn)
    elif arn.service == "events" and arn.resource.startswith("api-destination/"):
        _check_destination(call, target, arn)
    elif arn.service == "events" and arn.resource.startswith("event-bus/"):
        raise TargetRefused("An event bus is no target: what this bus delivers would come again.")
    else:
        raise TargetRefused(
            f"Targets of the service {arn.service!r} are not supported by Keybus: send to a queue"
            " (sqs), or to an API destination (events)."
        )
    if target.http is not None and arn.service != "events":
        raise TargetRefused("HttpParameters is for API destinations; this target is a queue.")


def _check_http(target: RuleTarget) -> None:
    """Whether as much can go along with requests; the model has no bounds."""
    http = target.http
    if http is None:
        return
    if max(len(http.path), len(http.headers), len(http.query)) > MOST_HTTP:
        raise TargetRefused(f"HttpParameters: each of them has at most {MOST_HTTP} members.")
    if len(msgspec.json.encode(http)) > MOST_HTTP_BYTES:
        raise TargetRefused(f"HttpParameters: they have at most {MOST_HTTP_BYTES} bytes together.")


def _check_queue(call: Call, arn: Arn) -> None:
    """Whether events may be sent to a queue of this name."""
    _check_region(call, arn)
    owner = call.account_of(arn.account)
    central = call.bus.platform.central or ""
    if owner is None or call.account not in (owner, central):
        raise TargetRefused(f"The queue {arn} is not the account's own, so nothing is sent to it.")
    declared = call.bus.platform.subscriptions.get(
        arn.resource.removesuffix(_FIFO).removesuffix(_DEAD)
    )
    if declared is not None and declared.account == owner:
        raise TargetRefused(
            f"{arn.resource} is the queue of a subscription that the platform declares: what it"
            " receives is what it asks for there."
        )


def _tell_of_queue(call: Call, target: RuleTarget) -> None:
    """Warn where a queue takes nothing yet, of a target that is taken."""
    for arn, what in ((target.arn, "events wait"), (target.dead_letters, "dead letters stay here")):
        read = Arn.parse(arn)
        if read is None or read.service != "sqs":
            continue
        found = call.bus.message_queues.find(call.account_of(read.account) or "", read.resource)
        if found is None:
            call.warn(f"there is no queue {read.resource} yet: {what}, and are tried again")
        elif found.fifo and not found.content_deduplication:
            call.warn(
                f"the queue {read.resource} has no ContentBasedDeduplication, and takes nothing"
                f" without: {what}, and are tried again"
            )


def _check_region(call: Call, arn: Arn) -> None:
    region = call.bus.platform.region
    if arn.region != region:
        raise TargetRefused(f"{arn} is in another region than the bus, which is in {region!r}.")


def _check_group(target: RuleTarget, arn: Arn) -> None:
    if arn.resource.endswith(_FIFO) and not target.group:
        raise TargetRefused(
            f"Parameter(s) MessageGroupId must be specified for target: {target.id}."
        )


def _check_destination(call: Call, target: RuleTarget, arn: Arn) -> None:
    _check_region(call, arn)
    if target.group:
        raise TargetRefused("SqsParameters is for queues; this target is an API destination.")
    refusal = call.bus.api_destinations.refusal(call.account, target.arn, target.http)
    if refusal:
        raise TargetRefused(refusal)


def _check_input(rule: Rule, target: RuleTarget) -> None:
    """Whether its input can be made."""
    asked = Subscription(account=rule.account, target=target.form)
    for finding in input_findings(asked, "", None):
        hint = f" ({finding.hint.replace('`paths`', 'InputPathsMap')})" if finding.hint else ""
        place = finding.pointer.removeprefix("/target/")
        where = f"{_member(place.partition('/')[0])}: " if "target/" in finding.pointer else ""
        message = finding.message
        if finding.code == "several-inputs":
            message = _INPUT.sub(lambda key: _member(key[0]), message)
        raise TargetRefused(f"{where}{message}{hint}")


def _check_dead_letters(call: Call, target: RuleTarget) -> None:
    """Whether what is given up may go to a queue: to one of whoever was to receive it."""
    arn, receiver = Arn.parse(target.dead_letters), Arn.parse(target.arn)
    if arn is None or arn.service != "sqs":
        raise TargetRefused(f"DeadLetterConfig: {target.dead_letters} is not the ARN of a queue.")
    if receiver is None or arn.account != receiver.account:
        raise TargetRefused(
            f"DeadLetterConfig: {arn} is not of the target's own account, which alone may receive"
            " these events."
        )
    if arn.resource.endswith(_FIFO):
        raise TargetRefused(
            "DeadLetterConfig: a FIFO queue cannot take dead letters; name another."
        )
    _check_queue(call, arn)


def _member(name: str) -> str:
    """A member as the API spells it."""
    return "".join(part.capitalize() for part in name.split("_"))
