"""Sentences about what is not compatible."""

import json
from typing import Any

from msgspec import UNSET

from keybus.contracts.compatibility.comparison import Broken
from keybus.contracts.compatibility.formulas import Above, Below
from keybus.contracts.compatibility.incompatibility import Direction
from keybus.contracts.compatibility.rules import RULES
from keybus.contracts.compatibility.solving.outcomes import Unknown
from keybus.contracts.compatibility.values import key_of
from keybus.contracts.hints import clip

_LONGEST = 80
_LISTS = {"enum", "type"}
_ALTERNATIVES = {"any-of", "one-of"}
_BOUNDS = {"minimum": ("from", "above"), "maximum": ("up to", "below")}


def message_of(broken: Broken, direction: Direction) -> str:
    """What is wrong, in one sentence."""
    reader, writer = ("new", "old") if direction == "backward" else ("old", "new")
    takes = _takes(broken, broken.asked, own=True)
    where = f"At {clip(broken.field)}, the" if broken.field else "The"
    sentence = f"{where} {reader} contract takes only {takes}; the {writer} one {_gives(broken)}"
    if isinstance(broken.outcome, Unknown):
        return f"{sentence}. It cannot be judged: {broken.outcome.reason}."
    return f"{sentence}."


def hint_of(broken: Broken, direction: Direction) -> str:
    """What to do about it."""
    rule = RULES[broken.demand.rule]
    return rule.hint if direction == "backward" else rule.hint_forward


def _takes(broken: Broken, value: Any, *, own: bool) -> str:
    demand = broken.demand
    shown = _shown(value, demand.rule)
    if demand.rule == "dependencies":
        shown = f"{shown} beside {json.dumps(demand.part)}"
    elif demand.rule in _ALTERNATIVES and demand.part:
        return f"values that are like {shown}, beside the other alternatives"
    elif demand.rule in _BOUNDS:
        up_to, beyond = _BOUNDS[demand.rule]
        without = isinstance(demand.formula, Above | Below) and demand.formula.without
        shown = f"{beyond if without and own else up_to} {shown}"
    return RULES[demand.rule].takes.format(value=shown)


def _gives(broken: Broken) -> str:
    said, rule = broken.said, broken.demand.rule
    if rule in _LISTS and isinstance(said, list) and isinstance(broken.asked, list):
        known = {key_of(value) for value in broken.asked}
        more = [value for value in said if key_of(value) not in known]
        if more:
            return f"allows {_shown(more, rule)} too"
    if said is UNSET or "{value}" not in RULES[rule].takes or isinstance(said, bool):
        return "allows others"
    if key_of(said) == key_of(broken.asked) and rule not in _BOUNDS:
        return "allows others as well, by other keywords"
    return f"takes {_takes(broken, said, own=False)}"


def _shown(value: Any, rule: str) -> str:
    if rule in _LISTS and isinstance(value, list):
        return clip(", ".join(json.dumps(each, default=str) for each in value), _LONGEST)
    return clip(json.dumps(value, default=str, ensure_ascii=False), _LONGEST)
