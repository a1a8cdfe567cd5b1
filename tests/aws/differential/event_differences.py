"""What is answered otherwise of events, buses, rules and what comes of events."""

from typing import Final

from tests.aws.differential.difference import Difference
from tests.aws.differential.playing import ABSENT, ANSWERED

_VALIDATION: Final = "ValidationException"
_CONSTRAINTS: Final = "EventBridge API reference, 'Common error types'; the model's constraints of "

EVENTS: Final = (
    Difference(
        "entries that are none: 1 PutEvents.error",
        _VALIDATION,
        ANSWERED,
        "a list of entries has at least one",
        _CONSTRAINTS + "PutEventsRequestEntryList",
    ),
    Difference(
        "entries that are none: 3 PutEvents.FailedEntryCount",
        1,
        0,
        "a Detail has to be a JSON object, and an array is refused in its entry",
        "Model documentation of PutEventsRequestEntry.Detail: a valid JSON object",
    ),
    Difference(
        "entries that are none: 3 PutEvents.Entries.0.ErrorCode",
        "MalformedDetail",
        ABSENT,
        "the same",
        "Model documentation of PutEventsResultEntry.ErrorCode",
    ),
    Difference(
        "entries that are none: 3 PutEvents.Entries.0.ErrorMessage",
        "TEXT",
        ABSENT,
        "the same",
        "Model documentation of PutEventsResultEntry.ErrorMessage",
    ),
    Difference(
        "entries that are none: 3 PutEvents.Entries.0.EventId",
        ABSENT,
        "ID",
        "the same: what was refused has no id",
        "Model documentation of PutEventsResultEntry.EventId",
    ),
    Difference(
        "entries that are none: 5 PutEvents.error",
        ANSWERED,
        "ResourceNotFoundException",
        "a missing bus fails its entry, not the request; AWS drops such an event without a word",
        "The model of PutEvents lists InternalException alone; EventBridge user guide, 'PutEvents'",
    ),
)

BUSES: Final = (
    Difference(
        "*DescribeEventBus.Policy.*",
        "*",
        ABSENT,
        "the bus's policy tells what the platform declares: who may put from which source",
        "Model documentation of DescribeEventBusResponse.Policy",
    ),
    Difference(
        "buses: 4 ListEventBuses.EventBuses.0.Policy.*",
        "*",
        ABSENT,
        "the same",
        "Model documentation of EventBus.Policy",
    ),
    Difference(
        "buses: 7 CreateEventBus.Description",
        "own",
        ABSENT,
        "the answer repeats the description",
        "Model documentation of CreateEventBusResponse.Description",
    ),
    Difference(
        "buses: 13 DeleteEventBus.error",
        _VALIDATION,
        ANSWERED,
        "all rules of a bus have to be deleted before it",
        "Model documentation of DeleteEventBus",
    ),
    Difference(
        "buses: 4 ListEventBuses.EventBuses.0.*Time",
        "TIME",
        ABSENT,
        "when it was made and changed is known",
        "Model documentation of EventBus.CreationTime and LastModifiedTime",
    ),
)

RULES: Final = (
    Difference(
        "rules that are none: 5 PutRule.error",
        _VALIDATION,
        ANSWERED,
        "a rule's name has no spaces",
        _CONSTRAINTS + "RuleName",
    ),
    Difference(
        "rules that are none: 6 PutRule.error",
        _VALIDATION,
        ANSWERED,
        "a rule's name has at most 64 characters",
        _CONSTRAINTS + "RuleName",
    ),
    Difference(
        "rules that are none: 8 PutRule.error",
        _VALIDATION,
        ANSWERED,
        "a state is one of three",
        _CONSTRAINTS + "RuleState",
    ),
    Difference(
        "rules that are none: 9 DescribeRule.error",
        "ResourceNotFoundException",
        ANSWERED,
        "so there is no such rule",
        "The model of DescribeRule lists ResourceNotFoundException",
    ),
    Difference(
        "targets that are none: 3 PutTargets.error",
        _VALIDATION,
        ANSWERED,
        "a list of targets has at least one",
        _CONSTRAINTS + "TargetList",
    ),
    Difference(
        "pages: 6 ListRules.error",
        _VALIDATION,
        ANSWERED,
        "a token that no list gave is refused",
        "Model documentation of ListRulesRequest.NextToken",
    ),
)

ROUTES: Final = (
    Difference(
        "*: * ReceiveMessage.Messages.0.Body.account",
        "ACCOUNT",
        ABSENT,
        "an event names the account of its publisher",
        "EventBridge user guide, 'Event structure': account",
    ),
    Difference(
        "a path of it: 6 ReceiveMessage.Messages.0.Body.a",
        1,
        ABSENT,
        "InputPath chooses what of the event is sent",
        "Model documentation of Target.InputPath",
    ),
    Difference(
        "a path of it: 6 ReceiveMessage.Messages.0.Body.*",
        ABSENT,
        "*",
        "the same: the rest of the event is not",
        "Model documentation of Target.InputPath",
    ),
    Difference(
        "a text instead: 6 ReceiveMessage.Messages.0.Body.always",
        "this",
        ABSENT,
        "Input is sent instead of the event",
        "Model documentation of Target.Input",
    ),
    Difference(
        "a text instead: 6 ReceiveMessage.Messages.0.Body.*",
        ABSENT,
        "*",
        "the same: nothing of the event is",
        "Model documentation of Target.Input",
    ),
    Difference(
        "a template: 5 PutEvents.error",
        ANSWERED,
        "500",
        "what is put does not fail for a target's input",
        "Model documentation of PutEvents",
    ),
    Difference(
        "a template: 6 ReceiveMessage",
        ABSENT,
        {},
        "so the message is there",
        "Model documentation of PutEvents",
    ),
    *(
        Difference(
            f"a template: 6 ReceiveMessage.Messages.0.{path}",
            value,
            ABSENT,
            "InputTransformer makes the text that is sent",
            "Model documentation of Target.InputTransformer",
        )
        for path, value in {
            "MessageId": "ID",
            "ReceiptHandle": "RECEIPT",
            "MD5OfBody": "DIGEST",
            "Attributes.ApproximateReceiveCount": "1",
            "Body.key": "value",
            "Body.text": "value!",
            "Body.none": "",
        }.items()
    ),
    Difference(
        "a disabled rule: 9 ReceiveMessage.Messages.0.Body.detail.number",
        2,
        1,
        "a rule that is disabled matches nothing: the first event came meanwhile",
        "Model documentation of DisableRule: a disabled rule won't match any events",
    ),
    Difference(
        "a disabled rule: 10 ReceiveMessage",
        {},
        ABSENT,
        "the same: there is no other message",
        "Model documentation of DisableRule",
    ),
    Difference(
        "a disabled rule: 10 ReceiveMessage.Messages.*",
        ABSENT,
        "*",
        "the same",
        "Model documentation of DisableRule",
    ),
)
