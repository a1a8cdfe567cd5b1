"""Field moves: what each does, and the laws that hold of all of them."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.contracts.migrations import MigrationError
from tests.unit.contracts.migrations.migrating import HEAD, moves

Json = Any
NAMES = ["a", "b", "c", "list"]
names = st.sampled_from(NAMES)
scalars = st.sampled_from(["A", "B", "", 1, 0.5, True, None])


def objects(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[dict[str, Json]]:
    return st.dictionaries(names, inner, max_size=4)


values = st.recursive(scalars, lambda inner: objects(inner) | st.lists(inner, max_size=3))
events = objects(values).map(lambda found: {**found, **HEAD})
paths = st.lists(names, min_size=1, max_size=3)
arrays = st.lists(names, min_size=1, max_size=2).map(lambda found: [*found, "*"])


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Json]:
    """Any sound step."""
    op = draw(st.sampled_from(["move", "copy", "remove", "add", "default", "map"]))
    above = draw(st.just([]) | arrays | st.tuples(arrays, arrays).map(lambda two: two[0] + two[1]))
    path, source = draw(paths), draw(paths)
    if op == "map" and above and draw(st.booleans()):
        path = []
    step: dict[str, Json] = {"op": op, "path": "/" + "/".join([*above, *path])}
    if op in {"move", "copy"}:
        step["from"] = "/" + "/".join([*above, *(source if source != path else [*path, "x"])])
    elif op in {"add", "default"}:
        step["value"] = draw(values)
    elif op == "map":
        step["values"] = draw(st.dictionaries(st.sampled_from(["A", "B"]), scalars))
        if draw(st.booleans()):
            step["otherwise"] = draw(scalars)
    return step


class Refused(Exception):
    """What a migration makes nothing of."""


def interpreted(event: Json, written: list[dict[str, Json]]) -> Json:
    """What the steps make of an event, in the plainest words."""
    made = {**deepcopy(event), "schema_version": "1.0.0"}
    for step in written:
        path = step["path"][1:].split("/")
        source = step.get("from", "/")[1:].split("/")
        above = len(path) - path[::-1].index("*") if "*" in path else 0
        made = over(made, path[:above], step, path[above:], source[above:])
    return made


def over(
    value: Json, above: list[str], step: dict[str, Json], path: list[str], source: list[str]
) -> Json:
    """The value, with the step done in each item that the tokens above it lead to."""
    if not above:
        return one(value, step, path, source)
    if above[0] == "*":
        if not isinstance(value, list):
            return value
        return [over(item, above[1:], step, path, source) for item in value]
    if isinstance(value, dict) and above[0] in value:
        value[above[0]] = over(value[above[0]], above[1:], step, path, source)
    return value


def one(value: Json, step: dict[str, Json], path: list[str], source: list[str]) -> Json:
    op = step["op"]
    if not path:
        return mapped(value, step)
    if not isinstance(value, dict):
        if op in {"add", "default"}:
            raise Refused
        return value
    there, found = look(value, path)
    if op in {"move", "copy"}:
        has, carried = look(value, source)
        left = cut(value, source) if op == "move" else value
        return put(left, path, deepcopy(carried)) if has else value
    if op == "remove" or (op == "map" and not there) or (op == "default" and there):
        return cut(value, path) if op == "remove" else value
    return put(value, path, mapped(found, step) if op == "map" else deepcopy(step["value"]))


def mapped(value: Json, step: dict[str, Json]) -> Json:
    if isinstance(value, str) and value in step["values"]:
        return step["values"][value]
    return step.get("otherwise", value)


def look(value: Json, path: list[str]) -> tuple[bool, Json]:
    for token in path:
        if not isinstance(value, dict) or token not in value:
            return False, None
        value = value[token]
    return True, value


def cut(value: Json, path: list[str]) -> Json:
    if look(value, path)[0]:
        del look(value, path[:-1])[1][path[-1]]
    return value


def put(value: Json, path: list[str], given_: Json) -> Json:
    at = value
    for token in path[:-1]:
        at = at.setdefault(token, {})
        if not isinstance(at, dict):
            raise Refused
    at[path[-1]] = given_
    return value


@settings(max_examples=100, deadline=None)
@given(events, st.lists(steps(), max_size=4))
def test_what_is_compiled_does_what_the_steps_say(
    event: dict[str, Json], written: list[dict[str, Json]]
) -> None:
    before = deepcopy(event)
    migration = moves(*written)
    try:
        expected = interpreted(event, written)
    except Refused:
        with pytest.raises(MigrationError):
            migration.translate(event)
    else:
        assert migration.translate(event) == expected
    assert event == before
    assert migration.steps == moves(*written).steps  # what it holds itself is as it was


@settings(max_examples=30, deadline=None)
@given(events, st.permutations(["p", "q/r", "s/t/u"]), st.permutations(NAMES))
def test_there_and_back_is_where_it_was(
    event: dict[str, Json], places: list[str], fields: list[str]
) -> None:
    pairs = [(f"/{field}", f"/new/{place}") for field, place in zip(fields, places, strict=False)]
    there = [{"op": "move", "from": one, "path": other} for one, other in pairs]
    back = [{"op": "move", "from": other, "path": one} for one, other in pairs]
    away = moves(*there, name="2-to-3.json").compile("3.1.0")(event)
    home = moves(*back, {"op": "remove", "path": "/new"}, name="3-to-2.json").compile("2.0.0")(away)
    assert home == event
    assert away["schema_version"] == "3.1.0"


def test_what_the_outcome_shares_with_nobody_may_be_changed() -> None:
    migration = moves({"op": "add", "path": "/limits", "value": {"most": [1]}})
    first = migration.translate(dict(HEAD))
    first["limits"]["most"].append(2)
    assert migration.translate(dict(HEAD))["limits"] == {"most": [1]}
    items = {**HEAD, "items": [{}, {}]}
    migration = moves({"op": "add", "path": "/items/*/limits", "value": {"most": [1]}})
    migration.translate(items)["items"][0]["limits"]["most"].append(2)
    assert migration.translate(items)["items"] == [{"limits": {"most": [1]}}] * 2


def test_a_name_with_a_slash_is_escaped() -> None:
    found = moves({"op": "move", "from": "/a~1b", "path": "/c~0d"}).translate({**HEAD, "a/b": 1})
    assert found["c~d"] == 1


def test_an_error_says_where() -> None:
    migration = moves({"op": "move", "from": "/code", "path": "/garage/code"})
    with pytest.raises(MigrationError, match="'garage' is no object, so /garage/code cannot be"):
        migration.translate({**HEAD, "code": "1", "garage": None})
    items = moves({"op": "add", "path": "/items/*/unit", "value": "kg"})
    with pytest.raises(MigrationError, match=r"/items/\* is no object"):
        items.translate({**HEAD, "items": [{}, "apples"]})


def test_what_is_copied_over_and_over_is_too_much() -> None:
    twice = [
        {"op": "copy", "from": "/a", "path": "/b/x"},
        {"op": "move", "from": "/a", "path": "/b/y"},
        {"op": "move", "from": "/b", "path": "/a"},
    ]
    assert moves(*twice * 3).translate({**HEAD, "a": {}})["a"]
    with pytest.raises(MigrationError, match="makes too much of the event"):
        moves(*twice * 40).translate({**HEAD, "a": {}})


def test_a_large_object_is_not_made_for_each_of_many_items() -> None:
    large = {"most": list(range(10_000))}
    given = moves({"op": "default", "path": "/items/*/limits", "value": large})
    mapped = moves({"op": "map", "path": "/items/*", "values": {}, "otherwise": large})
    for migration in (given, mapped):
        with pytest.raises(MigrationError, match="makes too much of the event"):
            migration.translate({**HEAD, "items": [{}] * 50_000})


def test_a_long_text_is_not_put_into_each_of_many_items() -> None:
    migration = moves({"op": "add", "path": "/items/*/note", "value": "x" * 10_000})
    assert len(migration.translate({**HEAD, "items": [{}] * 10})["items"]) == 10
    with pytest.raises(MigrationError, match="makes too much of the event"):
        migration.translate({**HEAD, "items": [{}] * 1_000})
