"""Every fault has its place, its line and a sentence; none hides another."""

import re
from pathlib import Path
from typing import get_args

import pytest

from keybus.contracts.findings import Subject
from keybus.contracts.rules_events import bad_type
from keybus.errors import BrokenContracts
from keybus.topology import load_platform
from keybus.topology.findings import Code
from tests.running import ROOT
from tests.unit.topology.conftest import FaultsOf

GOOD = """\
bus: tiny
accounts:
  me: {id: "111111111111"}
  you: {id: "222222222222"}
publishers:
  shop: {account: me, events: [order.placed, door_unit.opened]}
subscriptions:
  orders: {account: me, events: [order.placed@1], filter: {detail: {status: [x]}}}
  doors: {account: you, events: [door_unit.opened@1]}
"""
ORDERS = "events: [order.placed@1], filter: {detail: {status: [x]}}"
CASES = [
    ("tag", "bus: tiny", "bus: !!str tiny", "/bus", 1, "write it plainly"),
    ("bad-yaml", "bus: tiny", "bus: 'a' b", "", 1, "is not YAML"),
    ("bad-text", "bus: tiny", 'bus: "\\ud800"', "/bus", 1, "half a character"),
    ("bad-number", "bus: tiny", "bus: .nan", "/bus", 1, "quotes"),
    ("bad-key", "bus: tiny", "bus: tiny\n[a]: b", "", 2, "a list is used as a key"),
    ("alias", "  you: {id", "  us: &a {id: '333333333333'}\n  they: *a\n  you: {id", "/accounts/they", 5, "write the value out"),
    ("alias", "bus: tiny", "bus: &a tiny\nregion: *a", "/region", 2, "write the value out"),
    ("alias", "  you: {id", "  &a us: {id: '333333333333'}\n  *a : {id: '444444444444'}\n  you: {id", "/accounts", 5, "write the key out"),
    ("bad-yaml", "bus: tiny", "bus:\n\ttiny", "", 2, "blanks instead of tabs"),
    ("too-deep", "[x]", "[" * 60 + "]" * 60, "/subscriptions/orders/filter/detail/status" + "/0" * 46, 8, "deeper"),
    ("duplicate-key", "  doors:", "  orders:", "/subscriptions/orders", 9, "on line 8 already"),
    ("missing-key", "account: you, ", "", "/subscriptions/doors", 9, "the key 'account' is missing"),
    ("unknown-key", "account: you", "acount: you", "/subscriptions/doors/acount", 9, "did you mean 'account'?"),
    ("unknown-key", "bus: tiny", "bus: tiny\nsubs: {}", "/subs", 2, "known: accounts, admission, archive"),
    ("wrong-type", '"222222222222"', "222222222222", "/accounts/you/id", 4, 'put it in quotes: "222222222222"'),
    ("wrong-type", '"222222222222"', "012345678901", "/accounts/you/id", 4, 'put it in quotes: "012345678901"'),
    ("wrong-type", "account: you", "account: true", "/subscriptions/doors/account", 9, 'found true (put it in quotes: "true")'),
    ("wrong-type", "[order.placed@1]", "order.placed@1", "/subscriptions/orders/events", 8, "write [order.placed@1]"),
    ("wrong-type", ORDERS, "filter: 5", "/subscriptions/orders/filter", 8, "expected a mapping, key: value and found the number 5"),
    ("wrong-type", ORDERS, ORDERS + ", retry: {attempts: '5'}", "/subscriptions/orders/retry/attempts", 8, "without quotes"),
    ("wrong-type", "bus: tiny", "bus:", "/bus", 1, "found nothing"),
    ("bad-value", "order.placed@1", "order.placed", "/subscriptions/orders/events/0", 8, "write order.placed@1"),
    ("bad-value", "[order.placed,", "[order.placed@1,", "/publishers/shop/events/0", 6, "write order.placed:"),
    ("bad-value", "order.placed@1", "order.placed@" + "1" * 5000, "/subscriptions/orders/events/0", 8, "at a major version"),
    ("bad-value", "order.placed@1", "order.placed@01", "/subscriptions/orders/events/0", 8, "at a major version"),
    ("bad-value", "  you:", "  'a b':", "/accounts/a b", 4, "is not a name"),
    ("bad-value", '"222222222222"', '"2"', "/accounts/you/id", 4, "12 digits"),
    ("bad-value", "bus: tiny", "bus: a/b", "/bus", 1, "a bus's name"),
    ("bad-value", ORDERS, ORDERS + ", retry: {attempts: 186}", "/subscriptions/orders/retry/attempts", 8, "from 0 to 185"),
    ("bad-value", ORDERS, ORDERS + ", retry: {attempts: 0x7fffffffffffffff}", "/subscriptions/orders/retry/attempts", 8, "from 0 to 185"),
    ("no-contracts", "bus: tiny", 'bus: tiny\ncontracts: ""', "/contracts", 2, "has no name"),
    ("no-contracts", "bus: tiny", "bus: tiny\ncontracts: nowhere", "/contracts", 2, "no folder 'nowhere'"),
    ("no-contracts", "bus: tiny", f"bus: tiny\ncontracts: {'n' * 5000}", "/contracts", 2, "no folder"),
    ("no-contracts", "bus: tiny", 'bus: tiny\ncontracts: "a\\0"', "/contracts", 2, "no folder"),
    ("unknown-account", "account: you", "account: yuo", "/subscriptions/doors/account", 9, "did you mean 'you'?"),
    ("duplicate-account-id", "222222222222", "111111111111", "/accounts/you/id", 4, "'me'"),
    ("duplicate-source", "subscriptions:", "  b: {account: me, events: [], sources: [x, shop]}\nsubscriptions:", "/publishers/b/sources/1", 7, "'shop'"),
    ("duplicate-source", "subscriptions:", "  b: {account: me, events: [], sources: [x, x]}\nsubscriptions:", "/publishers/b/sources/1", 7, "'b'"),
    ("duplicate-event", "door_unit.opened@1", "door_unit.opened@1, door_unit.opened@1", "/subscriptions/doors/events/1", 9, "stands twice"),
    ("duplicate-event", "placed, door_unit.opened", "placed, order.placed", "/publishers/shop/events/1", 6, "stands twice"),
    ("unknown-event", "order.placed@1", "order.plaed@1", "/subscriptions/orders/events/0", 8, "did you mean 'order.placed'?"),
    ("unknown-major", "order.placed@1", "order.placed@2", "/subscriptions/orders/events/0", 8, "write order.placed@1"),
    ("not-owner", "shop: {account: me", "shop: {account: you", "/publishers/shop/events/0", 6, "is owned by 'me'"),
    ("no-events", ", " + ORDERS, ", events: []", "/subscriptions/orders", 8, "asks for nothing"),
    ("bad-filter", "status: [x]", "status: x", "/subscriptions/orders/filter", 8, "array"),
    ("undeclared-field", "status:", "statsu:", "/subscriptions/orders/filter/detail/statsu", 8, "did you mean 'status'?"),
    ("undeclared-field", "status: [x]", "site: {kinds: [y]}", "/subscriptions/orders/filter/detail/site/kinds", 8, "did you mean 'kind'?"),
    ("undeclared-field", "{status: [x]}", "{$or: [{status: [x]}, {stauts: [x]}]}", "/subscriptions/orders/filter/detail/$or/1/stauts", 8, "'status'"),
    ("undeclared-field", "[door_unit.opened@1]", "[door_unit.opened@1], filter: {detail: {stops: {kindd: [x]}}}", "/subscriptions/doors/filter/detail/stops/kindd", 9, "'kind'"),
    ("unknown-envelope-field", "detail:", "detial:", "/subscriptions/orders/filter/detial", 8, "did you mean 'detail'?"),
    ("undeclared-field", "{status: [x]}", "{colour: [x]}", "/subscriptions/orders/filter/detail/colour", 8, "if it is meant, say so with allow_undeclared: [detail.colour]"),
    ("impossible-field", "status: [x]", "status: {code: [x]}", "/subscriptions/orders/filter/detail/status/code", 8, "'detail.status' is text, and nothing is within it"),
    ("not-a-leaf", "status: [x]", "labels: {big: [x]}", "/subscriptions/orders/filter/detail/labels/big", 8, "name a field within it: kind"),
    ("required-field", "status: [x]", "id: [{exists: false}]", "/subscriptions/orders/filter/detail/id/0", 8, "every event has 'detail.id'"),
    ("impossible-type", "status: [x]", "weight: ['5']", "/subscriptions/orders/filter/detail/weight/0", 8, "write 5 without quotes"),
    ("impossible-type", "status: [x]", "grade: [TOP, true]", "/subscriptions/orders/filter/detail/grade/1", 8, 'write "true" in quotes'),
    ("impossible-value", "status: [x]", "grade: [TOP, LWO]", "/subscriptions/orders/filter/detail/grade/1", 8, "did you mean 'LOW'?"),
    ("impossible-range", "status: [x]", "weight: [{numeric: ['>', 9]}]", "/subscriptions/orders/filter/detail/weight/0", 8, "it is a whole number of at least 1 and at most 9"),
    ("impossible-text", "status: [x]", "grade: [{prefix: top}]", "/subscriptions/orders/filter/detail/grade/0", 8, "did you mean 'TOP'?"),
    ("no-such-event-type", "{detail: {status: [x]}}", "{detail-type: [door_unit.opened, {prefix: 'a'}]}", "/subscriptions/orders/filter/detail-type/0", 8, "they are order.placed"),
    ("no-such-event-type", ORDERS, "filter: {detail-type: [order.placd]}", "/subscriptions/orders/filter/detail-type/0", 8, "allow_undeclared: [detail-type]"),
    ("no-such-source", "{detail: {status: [x]}}", "{source: [{anything-but: shop}]}", "/subscriptions/orders/filter/source/0", 8, "they come from shop"),
    ("no-such-source", "{detail: {status: [x]}}", "{$or: [{source: [b]}, {detail-type: [order.placed]}]}", "/subscriptions/orders/filter/$or/0/source/0", 8, "they come from shop"),
    ("contradiction", ORDERS, "events: [order.placed@1, door_unit.opened@1], filter: {detail: {status: [x], statue: [y]}}", "/subscriptions/orders/filter", 8, "'detail.statue' lets door_unit.opened pass"),
    ("bad-value", ORDERS, ORDERS + ", start: yesterday", "/subscriptions/orders/start", 8, "latest, archive, or a date"),
    ("bad-value", ORDERS, ORDERS + ", start: 2026-01-31T08:00:00+01:00", "/subscriptions/orders/start", 8, "in UTC"),
    ("bad-date", ORDERS, ORDERS + ", start: 2026-02-30", "/subscriptions/orders/start", 8, "2026-02-30"),
    ("bad-value", ORDERS, ORDERS + ", retry: {max_age: 59}", "/subscriptions/orders/retry/max_age", 8, "from 60 to 1209600"),
    ("bad-value", ORDERS, ORDERS + ", alarms: {failure_rate: 0}", "/subscriptions/orders/alarms/failure_rate", 8, "above 0 and at most 1"),
    ("bad-value", ORDERS, ORDERS + ", order: {on_failure: skpi}", "/subscriptions/orders/order/on_failure", 8, "did you mean 'skip'?"),
    ("bad-value", ORDERS, ORDERS + ", target: {webhook: {url: ftp://a.example}}", "/subscriptions/orders/target/webhook/url", 8, "http or https"),
    ("bad-value", "account: you", 'account: "*"', "/subscriptions/doors/account", 9, "name accounts one by one: the bus is closed by default"),
    ("bad-value", "order.placed@1", '"*"', "/subscriptions/orders/events/0", 8, "name event types one by one"),
    ("bad-value", "bus: tiny", "bus: tiny\nfooting: mars", "/footing", 2, "aws, embedded, nats"),
    ("bad-value", '"222222222222"', '"222222222222", clearance: secret', "/accounts/you/clearance", 4, "one of confidential"),
    ("wrong-type", ORDERS, ORDERS + ", order:", "/subscriptions/orders/order", 8, "leave the key out"),
    ("wrong-type", ORDERS, ORDERS + ", alarms: {failure_rate: '0.5'}", "/subscriptions/orders/alarms/failure_rate", 8, "without quotes"),
    ("missing-key", ORDERS, ORDERS + ", target: {webhook: {}}", "/subscriptions/orders/target/webhook", 8, "'url' is missing"),
    ("unknown-key", ORDERS, ORDERS + ", target: {webhok: {}}", "/subscriptions/orders/target/webhok", 8, "did you mean 'webhook'?"),
    ("unknown-account", "bus: tiny", "bus: tiny\ncentral: mee", "/central", 2, "did you mean 'me'?"),
    ("undeclared-field", ORDERS, ORDERS + ", fields: [/site/kind, /site/knd]", "/subscriptions/orders/fields/1", 8, "did you mean 'kind'?"),
    ("undeclared-field", "[door_unit.opened@1]", "[door_unit.opened@1], fields: [/stops/kind, /stops/kin]", "/subscriptions/doors/fields/1", 9, "did you mean 'kind'?"),
    ("duplicate-event", ORDERS, ORDERS + ", fields: [/status, /status]", "/subscriptions/orders/fields/1", 8, "stands twice"),
    ("bad-value", "bus: tiny", "bus: tiny\nadmission: {default: strict}", "/admission/default", 2, "enforce"),
    ("bad-value", "bus: tiny", "bus: tiny\nadmission: {types: {order.*: off}}", "/admission/types/order.*", 2, "one by one"),
    ("unknown-event", "bus: tiny", "bus: tiny\nadmission: {types: {order.placd: off}}", "/admission/types/order.placd", 2, "order.placed"),
    ("unknown-key", "bus: tiny", "bus: tiny\nadmission: {mode: off}", "/admission/mode", 2, "default"),
    ("bad-value", "bus: tiny", "bus: tiny\narchive: {max_age: 60}", "/archive/max_age", 2, "from 3600"),
    ("bad-value", "bus: tiny", "bus: tiny\narchive: {max_size: 5}", "/archive/max_size", 2, "from 1000000"),
    ("bad-value", "bus: tiny", "bus: tiny\nminimum: {client: newest}", "/minimum/client", 2, "a version, such as 0.4.1"),
    ("needless-allowance", ORDERS, ORDERS + ", allow_undeclared: [detail.colour]", "/subscriptions/orders/allow_undeclared/0", 8, "neither the filter nor the input names 'detail.colour'"),
    ("needless-allowance", "[door_unit.opened@1]", "[door_unit.opened@1], allow_undeclared: [detail.colour]", "/subscriptions/doors/allow_undeclared/0", 9, "remove it"),
    ("duplicate-event", ORDERS, "events: [order.placed@1], filter: {detail: {colour: [x]}}, allow_undeclared: [detail.colour, detail.colour]", "/subscriptions/orders/allow_undeclared/1", 8, "stands twice"),
    ("several-inputs", ORDERS, ORDERS + ", target: {input: '1', jsonata: detail}", "/subscriptions/orders/target", 8, "input and jsonata exclude each other"),
    ("bad-input", ORDERS, ORDERS + ", target: {input: '{x'}", "/subscriptions/orders/target/input", 8, "is no JSON"),
    ("bad-input", ORDERS, ORDERS + f", target: {{input: '\"{'x' * 8200}\"'}}", "/subscriptions/orders/target/input", 8, "at most 8192"),
    ("bad-input", ORDERS, ORDERS + ", target: {jsonata: '$sum('}", "/subscriptions/orders/target/jsonata", 8, "cannot be read"),
    ("bad-input", ORDERS, ORDERS + f", target: {{jsonata: '{'(' * 8000}'}}", "/subscriptions/orders/target/jsonata", 8, "nested too deeply"),
    ("bad-input", ORDERS, ORDERS + ", target: {input_path: detail}", "/subscriptions/orders/target/input_path", 8, "does not begin with $"),
    ("bad-input", ORDERS, ORDERS + ", target: {input_path: $..status}", "/subscriptions/orders/target/input_path", 8, "from '..status' on"),
    ("bad-input", ORDERS, ORDERS + f", target: {{input_path: $.{'a' * 300}}}", "/subscriptions/orders/target/input_path", 8, "at most 256"),
    ("unknown-envelope-field", ORDERS, ORDERS + ", target: {input_path: $.detial.status}", "/subscriptions/orders/target/input_path", 8, "did you mean 'detail'?"),
    ("undeclared-field", ORDERS, ORDERS + ", target: {input_path: $.detail.statsu}", "/subscriptions/orders/target/input_path", 8, "did you mean 'status'?"),
    ("undeclared-field", "[door_unit.opened@1]", "[door_unit.opened@1], target: {input_transformer: {paths: {k: '$.detail.stops[0].kin'}, template: <k>}}", "/subscriptions/doors/target/input_transformer/paths/k", 9, "did you mean 'kind'?"),
    ("undeclared-field", ORDERS, ORDERS + ", target: {input_path: '$.detail.any[0].x'}", "/subscriptions/orders/target/input_path", 8, "say so with allow_undeclared: [detail.any.x]"),
    ("needless-allowance", ORDERS, ORDERS + ", allow_undeclared: [detail.colour], target: {input_path: $.detail.status}", "/subscriptions/orders/allow_undeclared/0", 8, "neither the filter nor the input names"),
    ("cut-field", ORDERS, ORDERS + ", fields: [/grade], target: {input_path: $.detail.status}", "/subscriptions/orders/target/input_path", 8, "add /status to fields"),
    ("bad-input", ORDERS, ORDERS + ", target: {input_transformer: {template: '<x>'}}", "/subscriptions/orders/target/input_transformer/template", 8, "<x>, which is no variable"),
    ("bad-input", ORDERS, ORDERS + ", target: {input_transformer: {paths: {AWSx: $.id}, template: '1'}}", "/subscriptions/orders/target/input_transformer/paths/AWSx", 8, "does not begin with AWS"),
    ("bad-input", ORDERS, ORDERS + ", target: {input_transformer: {paths: {x: $.id}, template: 'is <x>'}}", "/subscriptions/orders/target/input_transformer/template", 8, "a text stands in quotes"),
    ("bad-input", ORDERS, ORDERS + """, target: {input_transformer: {paths: {x: $.id}, template: '{"<x>": 1}'}}""", "/subscriptions/orders/target/input_transformer/template", 8, "an object's key"),
    ("bad-input", ORDERS, ORDERS + """, target: {input_transformer: {paths: {x: $.id}, template: '{<x>: 1}'}}""", "/subscriptions/orders/target/input_transformer/template", 8, "makes no JSON"),
    ("bad-input", ORDERS, ORDERS + """, target: {input_transformer: {template: '"<aws.events.event>"'}}""", "/subscriptions/orders/target/input_transformer/template", 8, "leave the quotes out"),
    ("bad-input", ORDERS, ORDERS + ", target: {input_transformer: {template: ''}}", "/subscriptions/orders/target/input_transformer/template", 8, "1 to 8192"),
    ("bad-input", ORDERS, ORDERS + f", target: {{input_transformer: {{paths: {{{', '.join(f'v{n}: $.id' for n in range(101))}}}, template: '1'}}}}", "/subscriptions/orders/target/input_transformer/paths", 8, "at most 100"),
    ("bad-value", ORDERS, ORDERS + ", allow_undeclared: [colour]", "/subscriptions/orders/allow_undeclared/0", 8, "a field of an event: detail.colour"),
]  # fmt: skip
OF_THE_FILE = {"unreadable", "not-utf8", "broken-contracts"}
ELSEWHERE = {  # of several files, of Python files, and of grants and exceptions
    *("duplicate-name", "no-files", "included-twice", "not-yours", "no-platform", "python-error"),
    *("needless-grant", "not-approver", "unknown-subject", "no-order-key"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[5][:30]}")
def test_a_fault_has_its_place_and_its_sentence(
    faults_of: FaultsOf, case: tuple[str, str, str, str, int, str]
) -> None:
    code, old, new, pointer, line, words = case
    assert faults_of(GOOD) == ()
    assert old in GOOD
    found = faults_of(GOOD.replace(old, new, 1))
    fault = next(fault for fault in found if fault.code == code)
    assert (fault.pointer, fault.line) == (pointer, line)
    assert words in f"{fault.message} ({fault.hint})"
    for each in found:
        assert "^[" not in str(each)
        assert len(str(each)) < 1000
    if "you:" not in old:  # nor is anything else wrong
        assert {each.code for each in found} == {code}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            ORDERS,
            "events: [order.placed@1], filter: {detail: {colour: [x], tint: {of: [x]}}}, allow_undeclared: [detail.tint, detail.colour]",
        ),
        ("{status: [x]}", "{labels: {kinds: {kind: [x]}, any: {kind: [x]}}}"),
        ("[order.placed@1]", "[order.placed@1, door_unit.opened@1]"),
        ("status: [x]", "status: [{exists: false}]"),
        ("status: [x]", "id: [{exists: true}]"),  # no fault, though it filters nothing
        ("{status: [x]}}", "{status: [x]}, detail-type: [{prefix: order.}], source: [shop]}"),
        ("{detail: {status: [x]}}", "{$or: [{source: [shop]}, {detail-type: [order.placed]}]}"),
        ("events: [order.placed, ", "events: ["),  # who emits it is not said: any source may
        (ORDERS, "filter: {source: [aws.key], detail-type: [Delivery Status], detail: {any: [x]}}"),
        (ORDERS, ORDERS + ", retry: {attempts: 5.0}"),
        (ORDERS, ORDERS + ", target: {input: '\"done\"'}"),
        (ORDERS, ORDERS + ", target: {jsonata: '{\"s\": detail.status}'}"),
        (ORDERS, ORDERS + ", target: {input_path: $.detail.*}"),
        (ORDERS, ORDERS + ", fields: [/site], target: {input_path: $.detail.site.kind}"),
        (ORDERS, ORDERS + ", fields: [/site], target: {input_path: $.detail.id}"),
        (
            "[door_unit.opened@1]",
            "[door_unit.opened@1], target: {input_path: '$.detail.stops[*].kind'}",
        ),
        (ORDERS, "filter: {source: [aws.key]}, target: {input_path: $.detail.any}"),
        (
            ORDERS,
            ORDERS + ", allow_undeclared: [detail.any], target: {input_path: '$.detail.any[0].x'}",
        ),
    ],
)
def test_what_may_be_meant_is_no_fault(faults_of: FaultsOf, old: str, new: str) -> None:
    assert faults_of(GOOD.replace(old, new, 1)) == ()


def test_a_whole_number_may_be_written_with_a_point(declared: Path) -> None:
    text = GOOD.replace(ORDERS, ORDERS + ", retry: {attempts: 5.0}")
    (declared / "platform.yaml").write_text(text)
    platform, _ = load_platform(declared)
    attempts = platform.subscriptions["orders"].retry.attempts
    assert (attempts, type(attempts)) == (5, int)


def test_no_part_hides_another(faults_of: FaultsOf) -> None:
    text = """\
subscriptions:
  a: {account: nobody, events: [order.placed@1]}
  b: {account: me, events: [order.placed@1], retry: {attempts: many}}
  c: {account: me, events: [order.plced@1]}
  d: {account: me, filter: {detail: {n: [.inf]}}}
accounts:
  me: {id: "111111111111"}
  me: {id: 222222222222}
subscriptions:
  e: {account: me, events: [order.placed@7]}
bus: 7
contract: contracts
"""
    assert [(fault.code, fault.line) for fault in faults_of(text)] == [
        ("unknown-account", 2),
        ("wrong-type", 3),
        ("unknown-event", 4),
        ("bad-number", 5),
        ("duplicate-key", 8),
        ("duplicate-key", 9),
        ("unknown-major", 10),
        ("wrong-type", 11),
        ("unknown-key", 12),
    ]


def test_missing_contracts_are_told_with_the_rest(faults_of: FaultsOf) -> None:
    text = "contracts: nowhere\n" + GOOD.replace("account: you", "acount: nobody")
    assert [fault.code for fault in faults_of(text)] == ["no-contracts", "unknown-key"]


def test_broken_contracts_are_told_with_the_rest(declared: Path, faults_of: FaultsOf) -> None:
    (declared / "contracts" / "Broken.json").write_text("{")
    assert [fault.code for fault in faults_of(GOOD.replace("account: you", "account: yuo"))] == [
        "broken-contracts",
        "unknown-account",
    ]
    (declared / "platform.yaml").write_text(GOOD)
    with pytest.raises(BrokenContracts):
        load_platform(declared)


@pytest.mark.parametrize(
    "event_type",
    [
        *("order.placed", "door_unit.opened", "a.b.c", "a1.b2", "a_1.b", "order", "order.", ""),
        *("Order.placed", "order.1st", "order-line.placed", "a__b.c", "_a.b", "a_.b", "a.b\n"),
    ],
)
def test_events_are_named_as_contracts_name_them(faults_of: FaultsOf, event_type: str) -> None:
    metadata = {"x-keybus": {"type": event_type}}
    refused = list(bad_type(Subject({"a.json": metadata}, ("a.json",))))
    text = event_type.replace("\n", "\\n")
    for old, new in (("order.placed,", f'"{text}",'), ("order.placed@1", f'"{text}@1"')):
        codes = {fault.code for fault in faults_of(GOOD.replace(old, new, 1))}
        assert ("bad-value" in codes) == bool(refused)


def test_the_page_lists_every_code() -> None:
    page = (ROOT / "docs" / "platform.md").read_text()
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", page.partition("## Faults")[2], re.MULTILINE)
    assert listed == list(get_args(Code))
    assert {code for code, *_ in CASES} == set(listed) - OF_THE_FILE - ELSEWHERE
