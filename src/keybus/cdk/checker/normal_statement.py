"""A policy statement in the one form that all its spellings have.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from keybus.cdk.checker.json_text import parsed
from keybus.contracts.pointers import pointer_of

_ROOT: Final = re.compile(r"arn:aws:iam::([0-9]{12}):root")  # elsewhere an id is another account's
_NOT: Final = ("NotAction", "NotPrincipal", "NotResource")
_KNOWN: Final = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition", *_NOT})
_SPELT: Final = {name.lower(): name for name in _KNOWN}  # who reads policies may forgive the case
_EFFECTS: Final = frozenset({"allow", "deny"})
_PARTS: Final = frozenset({"Id", "Statement", "Version"})


class Condition(NamedTuple):
    """One of a statement's conditions: ``StringEquals``, ``aws:sourcearn`` and its values."""

    operator: str
    key: str
    values: tuple[str, ...]


class NormalStatement(msgspec.Struct, frozen=True):
    """A statement.

    Attributes:
        effect: ``Allow`` or ``Deny``.
        principals: Pairs such as ``("AWS", "111111111111")`` for an account as a whole,
            ``("Service", "events.amazonaws.com")``, ``("*", "*")``.
        actions: In lower case.
        resources: ARNs, or patterns of them.
        conditions: Keys are in lower case.
        negated: Which of ``NotAction``, ``NotPrincipal``, ``NotResource`` it has.
        others: What else stands in it, such as a part that nobody knows.
    """

    effect: str
    principals: frozenset[tuple[str, str]]
    actions: frozenset[str]
    resources: frozenset[str]
    conditions: frozenset[Condition]
    negated: frozenset[tuple[str, str]] = frozenset()
    others: frozenset[str] = frozenset()

    def values(self, key: str) -> frozenset[str]:
        """What the conditions on a key ask for, of whatever operator."""
        return frozenset(value for each in self.conditions if each.key == key for value in each[2])

    @property
    def keys(self) -> frozenset[str]:
        """What it has conditions on."""
        return frozenset(each.key for each in self.conditions)

    @property
    def takes_away(self) -> bool:
        """Whether it only denies."""
        return self.effect == "Deny" and not self.others


class Placed(NamedTuple):
    """A statement as a template says it.

    Attributes:
        pointer: To it, from where the search began.
        path: The names on the way there.
        sid: Its id; empty where it has none.
        said: What it says.
        normal: The same in the one form.
    """

    pointer: str
    path: tuple[str, ...]
    sid: str
    said: Mapping[str, Any]
    normal: NormalStatement


def policy_of(value: Any) -> Any:
    """A policy as what it says, also where it is a text; a text that is none as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return parsed(value)
    except ValueError:
        return value


def statements_in(
    value: Any, pointer: str = "", path: tuple[str, ...] = (), *, texts: bool = True
) -> Iterator[Placed]:
    """All statements in a value whose references are filled in, also in policies that are texts."""
    read = policy_of(value) if texts else value
    texts = texts and read is value  # a text within a text is but a text
    if isinstance(read, Mapping):
        said = _spelt(read)
        if _is_statement(said):
            yield Placed(pointer, path, str(said.get("Sid", "")), read, normal_of(said))
            return
        parts: Iterable[tuple[Any, Any]] = read.items()
    else:
        parts = enumerate(read) if isinstance(read, list) else ()
    for key, each in parts:
        way = (*path, key) if isinstance(key, str) else path
        yield from statements_in(each, pointer + pointer_of(key), way, texts=texts)


def normal_policy(value: Any) -> Any:
    """A value in one form: statements as normal ones, in any order, and scalars as texts."""
    if isinstance(value, Mapping):
        said = _spelt(value)
        if _is_statement(said):
            return normal_of(said)
        return {key: normal_policy(each) for key, each in value.items()}
    if isinstance(value, list):
        made = [normal_policy(each) for each in value]
        statements = frozenset(each for each in made if isinstance(each, NormalStatement))
        return statements, [each for each in made if not isinstance(each, NormalStatement)]
    return plain(value)


def faults_of(policy: Any) -> Iterator[tuple[str, str]]:
    """Where a policy is none that can be judged: pointers, and what stands there.

    Whatever is read in another way by AWS than here could allow what nobody sees.
    """
    read = policy_of(policy)
    if not isinstance(read, Mapping) or "Statement" not in read:
        yield "", "this is no policy that can be judged"
        return
    for name in sorted(read.keys() - _PARTS):
        yield pointer_of(name), "this is no part of a policy"
    said = read["Statement"]
    for index, each in enumerate(said if isinstance(said, list) else [said]):
        if not isinstance(each, Mapping) or not _is_statement(_spelt(each)):
            yield pointer_of("Statement", index), "this is no statement that can be judged"


def _spelt(value: Mapping[str, Any]) -> dict[str, Any]:
    """A statement's parts by their names; what two of one name make of it, nobody knows."""
    said: dict[str, Any] = {
        _SPELT.get(_lower(str(key)), str(key)): each for key, each in value.items()
    }
    if len(said) < len(value):
        said["a name twice"] = sorted(map(str, value))
    return said


def _is_statement(said: Mapping[str, Any]) -> bool:
    effect = said.get("Effect")
    return isinstance(effect, str) and _lower(effect) in _EFFECTS


def normal_of(said: Mapping[str, Any]) -> NormalStatement:
    """A statement in the one form."""
    return NormalStatement(
        str(said["Effect"]).capitalize(),
        frozenset(_principals(said.get("Principal", ()))),
        frozenset(_lower(each) for each in texts_of(said.get("Action", []))),
        frozenset(texts_of(said.get("Resource", []))),
        frozenset(_conditions(said.get("Condition", {}))),
        frozenset((key, one) for key in _NOT if key in said for one in _plain(said[key])),
        frozenset(f"{key}: {scalar(said[key])}" for key in said.keys() - _KNOWN),
    )


def texts_of(value: Any) -> list[str]:
    """One text or several, as a list."""
    return [scalar(each) for each in (value if isinstance(value, list) else [value])]


def scalar(value: Any) -> str:
    """A value as CloudFormation takes it: ``20`` is ``"20"``, and ``true`` is ``"true"``."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value for comparison: scalars as CloudFormation takes them."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if value is None else scalar(value)


def _principals(said: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(said, Mapping):
        yield from (("*" if one == "*" else "AWS", one) for one in _all(said))
        return
    for kind, named in said.items():
        for one in texts_of(named):
            found = _ROOT.fullmatch(one)
            yield kind, found[1] if kind == "AWS" and found else one


def _conditions(said: Any) -> Iterator[Condition]:
    if not isinstance(said, Mapping):
        yield Condition("", "", (scalar(said),))
        return
    for operator, asked in said.items():
        if not isinstance(asked, Mapping):
            yield Condition(operator, "", (scalar(asked),))
            continue
        for key, values in asked.items():
            yield Condition(operator, _lower(key), tuple(sorted(texts_of(values))))


def _plain(value: Any) -> list[str]:
    return [scalar(value)] if isinstance(value, Mapping) else texts_of(value)


def _all(value: Any) -> list[str]:
    return [] if value == () else texts_of(value)


def _lower(text: str) -> str:
    """In lower case; letters that only look like ASCII's stay what they are."""
    return text.lower() if text.isascii() else text
