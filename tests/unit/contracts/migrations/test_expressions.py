"""Migrations in JSONata: what is let in, what is refused, and that an event cannot make one run on."""

import sys
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from keybus.contracts.migrations import MigrationError
from tests.unit.contracts.migrations.migrating import HEAD, expression, read

pytest.importorskip("jsonata")
EVENT: dict[str, Any] = {
    **HEAD,
    "trace": "00-1",
    "status": "NEW",
    "garage": {"code": "12", "note": None},
    "items": [{"sku": "a", "count": 2}, {"sku": "b", "count": 3}],
}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ('{"code": garage.code}', {"code": "12"}),
        ('{"note": garage.note}', {"note": None}),
        ('{"of": garage.nothing}', {}),
        ('{"state": status = "NEW" ? "FRESH" : status}', {"state": "FRESH"}),
        ('{"skus": [items.sku], "all": $sum(items.count)}', {"skus": ["a", "b"], "all": 5}),
        ('{"lines": [items.{"name": sku, "by": $$.status}]}', {"lines": [{"name": "a", "by": "NEW"}, {"name": "b", "by": "NEW"}]}),
        ('{"first": items[0].sku, "many": items[count > 2].sku}', {"first": "a", "many": "b"}),
        ('{"text": $uppercase(garage.code & "x") & "-" & $string(1)}', {"text": "12X-1"}),
        ('{"by": items{sku: count}}', {"by": {"a": 2, "b": 3}}),
        ('{"id": "another", "trace": 1, "schema_version": "9"}', {}),
    ],
)  # fmt: skip
def test_it_makes_an_event_with_the_same_head(text: str, made: dict[str, Any]) -> None:
    before = deepcopy(EVENT)
    found = expression(text).compile("1.3.0")(EVENT)
    assert found == {**HEAD, "trace": "00-1", "schema_version": "1.3.0", **made}
    assert before == EVENT


def test_the_whole_event_can_be_taken_over() -> None:
    found = expression('$merge([$, {"code": garage.code}])').translate(EVENT)
    assert found == {**EVENT, "schema_version": "1.0.0", "code": "12"}
    found["garage"]["code"] = "13"
    assert EVENT["garage"]["code"] == "12"


def test_it_says_no_trace_where_there_was_none() -> None:
    assert expression('{"trace": "made up"}').translate(HEAD) == {**HEAD, "schema_version": "1.0.0"}


def test_exact_numbers_are_taken_for_numbers() -> None:
    event = {**HEAD, "price": Decimal("1.25")}
    assert expression('{"twice": price * 2}').translate(event)["twice"] == 2.5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('$eval("1")', "$eval is no function"),
        ("$map(items, $string)", "$map is no function"),
        ("{'a': $string}", "there is no variable 'string'"),
        ('$replace(status, "", status)', "$replace is no function"),
        ("$pad(status, 1000000000)", "$pad is no function"),
        ("$join(items.sku, status)", "the separator of $join is written out"),
        ('$join(items.sku, "01234567890123456")', "the separator of $join is written out"),
        ('{"a": $string([$string([status])])}', "$string cannot be within $string"),
        ('$join($split($join(items.sku, "-"), ""), "-")', "$join cannot be within $join"),
        ("$now()", "$now is no function"),
        ("status ~> $uppercase", "functions cannot be handed on"),
        ("/a+/", "a regular expression may backtrack"),
        ("function($x) { $x(1) }", "functions of one's own may call themselves"),
        ("($f := 1; $f)", "variables can be made to grow"),
        ("$uppercase(?)", "functions cannot be handed on"),
        ("[1..count]", "ranges may be without end"),
        ("a.**.b", "it goes through the whole event"),
        ("items.%.a", "it follows every item back"),
        ("items^(sku)", "it compares items with one another"),
        ("$ ~> |$|{'a': 1}|", "functions cannot be handed on"),
        ("|$|{'a': 1}|", "it copies the whole event"),
        ("items@$i.($i)", "items cannot be bound to names"),
        ("items#$i.sku", "items cannot be bound to names"),
        ("a.[$, $].[$, $]", "one step goes on with what another made"),
        ("(a.[$, $]).[$, $]", "one step goes on with what another made"),
        ("((a.[$, $]){b: $}){b: [$, $]}", "one step goes on with what another made"),
        ("a.{'b': $$.a.{'c': $$.a.{'d': $$.a.{'e': $$}}}}", "goes through items 4 times over"),
        ("(" * 60 + "a" + ")" * 60, "nests more than 40 levels"),
    ],
)
def test_what_is_not_bounded_by_its_form_is_refused(text: str, why: str) -> None:
    found, faults = read(text, "2-to-1.jsonata")
    assert found is None
    assert {each.code for each in faults} == {"migration-unbounded"}
    assert any(why in each.message for each in faults), faults


@pytest.mark.parametrize("text", ["", "{", "a b", "x" * 9000, "(" * 4000])
def test_what_is_no_expression_is_told(text: str) -> None:
    found, [fault] = read(text, "2-to-1.jsonata")
    assert found is None
    assert fault.code == "migration-expression"


def test_without_the_extra_it_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonata", None)  # as if it were not installed
    found, [fault] = read("$", "2-to-1.jsonata")
    assert found is None
    assert (fault.code, fault.hint) == ("migration-extra", "pip install 'keybus[server]'")


def test_reading_one_leaves_the_recursion_limit_alone() -> None:
    limit = sys.getrecursionlimit()
    expression("$")
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("status", "the expression made no object"),
        ("nothing.at.all", "the expression made no object"),
        ('{"a": status + 1}', "the expression failed"),
        ('{"a": $number(status)}', "the expression failed"),
        ('{"a": $number("1e999")}', "the expression"),
    ],
)
def test_an_event_that_it_makes_nothing_of_is_an_error(text: str, why: str) -> None:
    with pytest.raises(MigrationError, match=why):
        expression(text).translate(EVENT)


def test_an_event_cannot_make_it_run_on() -> None:
    many = [{"n": number} for number in range(20_000)]
    compares = expression('{"same": items[$ in $$.items].n}')
    with pytest.raises(MigrationError, match="takes too long"):
        compares.translate({**HEAD, "items": many})


def test_an_event_cannot_make_it_fill_memory() -> None:
    event = {**HEAD, "items": [1] * 800, "part": [1] * 800}
    with pytest.raises(MigrationError, match=r"makes too much|takes too long"):
        expression('{"all": [items.{"p": $$.part}]}').translate(event)


def test_an_event_cannot_make_it_write_a_text_too_often() -> None:
    event = {**HEAD, "name": "x" * 100_000, "items": [{}] * 100}
    with pytest.raises(MigrationError, match="makes too much of the event"):
        expression('{"all": [items.{"name": $$.name}]}').translate(event)


def test_an_event_that_nests_deeply_is_an_error_at_worst() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(MigrationError, match="nested too deeply"):
        expression('{"a": deep}').translate({**HEAD, "deep": deep})
