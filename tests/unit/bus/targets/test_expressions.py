"""JSONata expressions are evaluated, and none gets out of its bounds or in another's way."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from keybus.bus.targets.evaluator import Evaluator, NotEvaluated
from keybus.topology.inputs import InputError

EVENT = (
    b'{"id":"1","detail":{"items":[{"n":1.5},{"n":2}],"text":"' + b"a" * 40 + b'!","none":null}}'
)
Evaluators = Callable[[str], Evaluator]


@pytest.fixture
async def evaluator() -> AsyncIterator[Evaluators]:
    started: list[Evaluator] = []

    def start(expression: str) -> Evaluator:
        started.append(Evaluator(expression, seconds=0.5))
        return started[-1]

    yield start
    for each in started:
        await each.close()


@pytest.mark.parametrize(
    ("expression", "made"),
    [
        ("detail.items.n", b"[1.5,2]"),
        ('{"sum": $sum(detail.items.n), "id": id}', b'{"sum":3.5,"id":"1"}'),
        ("detail.none", b"null"),
        ("[detail.none, {'a': null}]", b'[null,{"a":null}]'),
        ("$", EVENT),
        ("'h\u00e9'", '"h\u00e9"'.encode()),
        ("false", b"false"),
    ],
)
async def test_what_it_makes(evaluator: Evaluators, expression: str, made: bytes) -> None:
    one = evaluator(expression)
    assert await one.evaluate(EVENT) == made
    assert await one.evaluate(EVENT) == made


async def test_one_that_is_closed_starts_nothing_any_more(evaluator: Evaluators) -> None:
    one = evaluator("id")
    await one.evaluate(EVENT)
    await one.close()
    with pytest.raises(NotEvaluated):
        await one.evaluate(EVENT)


async def test_whoever_gives_up_leaves_no_answer_to_the_next(evaluator: Evaluators) -> None:
    one = evaluator("id = '1' ? ($f := function() { $f() }; $f()) : id")
    given_up = asyncio.create_task(one.evaluate(EVENT))
    await asyncio.sleep(0.05)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert await one.evaluate(b'{"id":"2"}') == b'"2"'


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("detail.missing", "makes nothing"),
        ("1 + 'a'", "failed"),
        ("1/0", "failed|not JSON compliant"),
        ("$error('no')", "no"),
        ("($f := function($n) { 1 + $f($n + 1) }; $f(1))", "too often|longer"),
        ("($f := function($n) { $f($n + 1) }; $f(1))", "longer"),
        ("[1..9999999].(1)", "longer|memory"),
        ("$length($pad('', 2000000000))", "memory|longer"),
        ("$match(detail.text, /(a+)+$/)", "longer"),
        ("$pad('', 4000000)", "more than 2097152 bytes"),
        ("$eval('($f := function() { $f() }; $f())')", "longer"),
    ],
)  # fmt: skip
async def test_what_goes_wrong_ends_and_says_so(
    evaluator: Evaluators, expression: str, words: str
) -> None:
    one = evaluator(f"id = '2' ? 'sound' : {expression}")
    with pytest.raises(InputError) as caught:
        await one.evaluate(EVENT)
    assert any(word in str(caught.value) for word in words.split("|")), str(caught.value)
    assert await one.evaluate(b'{"id":"2"}') == b'"sound"'
