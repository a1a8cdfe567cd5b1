"""What schemathesis's command is told of this API; it loads this file in its own process.

The environment names a file of `Told`: who asks, and what no answer to it may hold.
"""

import os
import re
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import schemathesis
from schemathesis.core.parameters import ParameterLocation

from tests.integration.fuzzing.fuzzed_server import INSIDES

BEYOND_SCHEMAS = re.compile(
    r"got `float`"  # 3.0 is an integer to JSON Schema, and none here
    r"|is a time such as|nothing lies between"
    r"|a replay goes to one subscription, or to the bus"
    r"|what is purged is gone, so it has to be looked at before"
)
"""What a request that fits its schema may be refused for as one that cannot be read."""
TOO_LARGE = 413


class Told(msgspec.Struct, frozen=True):
    """What a run is told.

    Attributes:
        names: Names that may be in no answer, unless it was asked for them.
        secrets: Texts that may be in no answer.
        subscriptions: Names of subscriptions to try, the own one first.
        events: Ids of events to ask for.
        source: The source from which whoever asks may publish; empty: none.
        keep: Ids of credentials that are not to be revoked.
        proposal: The platform that holds, with its contracts; empty: it is not to be applied.
        taken: The file to which the ids of the events go that the bus took.
    """

    names: list[str]
    secrets: list[str]
    subscriptions: list[str]
    events: list[str]
    source: str
    keep: list[str]
    proposal: dict[str, Any]
    taken: str


WAITING = ("receiveDeliveries", "tailEvents")
"""What takes its time where it is not told to be quick."""
TOLD = msgspec.json.decode(Path(os.environ["FUZZING_TOLD"]).read_bytes(), type=Told)
_seen: dict[str, Any] = {}
"""What was answered last and is asked about next."""


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Make of a request that fits its schema one that leads further, and spare what is needed."""
    name, chance = _operation(case), zlib.crc32(case.id.encode())
    if name in ("revokeCredential", "rotateCredential") and case.path_parameters["id"] in TOLD.keep:
        case.path_parameters = {"id": "none"}
    if case.meta is None or case.meta.is_negative_at(ParameterLocation.BODY):
        return
    if case.meta.generation.mode != schemathesis.GenerationMode.POSITIVE and name not in WAITING:
        return
    case.path_parameters = case.path_parameters | _path(name, case.path_parameters, chance)
    if name == "explainEvent" and chance % 2:
        case.query = {"event": TOLD.events[chance // 2 % len(TOLD.events)]}
    sent = {} if name in WAITING and not isinstance(case.body, dict) else case.body
    if isinstance(sent, dict):
        case.body = sent | _body(name, sent, chance)


def _path(name: str, sent: dict[str, Any], chance: int) -> dict[str, Any]:
    """What is asked for instead, three times of four."""
    led: dict[str, Any] = {}
    if chance % 4 == 0:
        return led
    if "name" in sent:
        led["name"] = TOLD.subscriptions[chance % len(TOLD.subscriptions)]
    if name == "showVersion":
        led["version"] = ("1", "current")[chance // 4 % 2]
    if name == "showDeadLetter" and "letter" in _seen:
        led |= {"name": TOLD.subscriptions[0], "id": _seen["letter"]}
    return led


def _body(name: str, sent: dict[str, Any], chance: int) -> dict[str, Any]:
    """What is sent instead: some always, since it would take too long, and some now and then."""
    always: dict[str, Any] = {}
    if name == "receiveDeliveries":
        always = {"wait": 0}
    elif name == "tailEvents":
        always = {"pattern": None, "since": "0", "limit": 1}
    elif name == "applyPlatform":  # another one would end the work of all others
        always = TOLD.proposal
    return always | (_further(name, sent, chance // 2) if chance % 2 else {})


def _further(name: str, sent: dict[str, Any], chance: int) -> dict[str, Any]:
    own, found = TOLD.subscriptions[0], dict[str, Any]()
    if name == "receiveDeliveries":
        found = _settlement(chance)
    elif name == "tailEvents":
        found = {"subscription": own}
    elif name == "putEvents":
        found = {"entries": [each | {"source": TOLD.source} for each in sent["entries"]]}
    elif name == "beginReplay":
        there = {"to": None, "to_bus": True} if TOLD.proposal else {"to": own, "to_bus": False}
        found = {"since": 0, "until": None, "pattern": None} | there
    elif name == "issueCredential":
        found = {"account": "desk", "roles": ["subscriber"], "expires_us": None, "label": ""}
    elif name == "purgeDeadLetters" and "mark" in _seen:
        found = {"dry_run": False, "mark": _seen["mark"], "ids": None}
    return found


def _settlement(chance: int) -> dict[str, Any]:
    """What becomes of the last deliveries, of which each is told of once."""
    if not _seen.get("deliveries"):
        return {}
    found = [each["position"] for each in _seen.pop("deliveries")]
    failed = [{"position": each, "reason": "fuzzed", "cause": "fuzzed"} for each in found]
    way = ("ack", "release", "retry", "bury")[chance % 4]
    return {
        "consumer": _seen["consumer"],
        way: found if way in ("ack", "release") else failed,
        "leaving": chance % 16 > 11,
    }


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Keep what was answered for later."""
    name = _operation(case)
    if response.status_code != 200 or case.method.lower() != case.operation.method:
        return
    if name == "receiveDeliveries":
        _seen.update(response.json())
    elif name == "summarizeDeadLetters":
        _seen["mark"] = response.json()["mark"]
    elif name == "listDeadLetters":
        found = response.json()
        for each in found if isinstance(found, list) else found["dead_letters"]:
            _seen["letter"] = each["id"]
    elif name == "putEvents":
        ids = [each["event_id"] for each in response.json()["results"] if "event_id" in each]
        with Path(TOLD.taken).open("a") as file:
            file.writelines(f"{each}\n" for each in ids)


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, _case: Any, response: Any) -> bool:
    """Whether it is one: schemas do not say all that a request has to be."""
    if failure.title == "Schema-violating request accepted":
        return bool(
            response.status_code != TOO_LARGE
        )  # too long a text may be too large a body first
    if failure.title != "Schema-valid request rejected":
        return True
    told = response.json()
    return told["code"] == "bad-request" and not BEYOND_SCHEMAS.search(told["message"])


@schemathesis.check
def nothing_leaks(_context: Any, response: Any, _case: Any) -> None:
    """No answer holds what is inside, a secret, or a name that it was not asked for."""
    answer = b"\n".join([repr(response.headers).encode(), response.content])
    if response.status_code >= 400:
        found = INSIDES.search(answer)
        assert not found, f"the answer holds {found}"
    for secret in TOLD.secrets:
        assert secret.encode() not in answer, f"the answer holds {secret[:8]!r}…"
    asked = unquote(response.request.url) + str(response.request.body or "")
    for name in TOLD.names:
        assert name.encode() not in answer or name in asked, f"the answer holds {name!r}"


def _operation(case: Any) -> str:
    name: str = case.operation.definition.raw["operationId"]
    return name
