"""How alike two event types are, in name and in fields.

Names are compared as words, whatever their order: endings that change no meaning are dropped,
words that say the same are one word, and words of five letters and more may differ in one letter
that is not the first. Their likeness is twice the words in common over the words of both. The
last word of each says what happened, and must be among the other's words: that a garage was opened
and that it was closed are two events.

Fields are those that the contracts declare in the event and one level below, without what every
event carries. Two are the same where their names are, but for case and ``_``, and they share a
type. Their likeness is the fields in common over all fields.

Event types are near-duplicates where names reach 0.8 and fields 0.6.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.contract import Contract
from keybus.contracts.pointers import tokens_of

NAMES_ALIKE: Final = 0.8
FIELDS_ALIKE: Final = 0.6
_CARRIED = frozenset(
    {"id", "type", "time", "publisher", "schemaversion"} | {"trace", "correlationid", "causationid"}
)
_DEPTH: Final = 2
_FILLING = frozenset({"event", "message", "notification", "data", "info", "has", "been", "was"})
_SAME = (
    ("create", "add", "register", "insert"),
    ("update", "change", "modify", "edit", "amend"),
    ("delete", "remove", "erase"),
    ("complete", "finish", "done"),
    ("start", "begin", "begun", "initiate"),
    ("cancel", "abort"),
    ("send", "sent", "dispatch"),
    ("fail", "error"),
)
_SPELT_AS = {other: words[0] for words in _SAME for other in words}
_SHORT: Final = 5


class Likeness(msgspec.Struct, frozen=True):
    """How alike two event types are, each from 0 to 1.

    Attributes:
        names: Of their names.
        fields: Of their declared fields.
    """

    names: float
    fields: float


def near_duplicates(contracts: ContractRepository) -> Iterator[tuple[Contract, Contract, Likeness]]:
    """Pairs of contracts that are almost the same, each pair once, in the order of their types."""
    known = {contract: words_of(contract.type) for contract in contracts.values()}
    for one, other in combinations(known, 2):
        names = names_alike(known[one], known[other])
        if names >= NAMES_ALIKE:
            fields = fields_alike(one, other)
            if fields >= FIELDS_ALIKE:
                yield one, other, Likeness(names, fields)


def words_of(event_type: str) -> tuple[str, ...]:
    """An event type's words as they are compared: ``orders.has_been_updated`` is order, update."""
    words = [_stem(word) for part in event_type.split(".") for word in part.split("_") if word]
    telling = [word for word in words if word not in _FILLING and not _is_version(word)]
    return tuple(telling or words)


def names_alike(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """The likeness of two names, as their words."""
    if not (_has(other, one[-1]) and _has(one, other[-1])):
        return 0.0
    left, common = list(other), 0
    for word in one:
        same = next((each for each in left if _is_same(word, each)), None)
        if same is not None:
            left.remove(same)
            common += 1
    return 2 * common / (len(one) + len(other))


def fields_alike(one: Contract, other: Contract) -> float:
    """The likeness of what two contracts declare; two that declare nothing of their own are alike."""
    first, second = _fields(one), _fields(other)
    names = first.keys() | second.keys()
    if not names:
        return 1.0
    common = [name for name in first.keys() & second.keys() if first[name] & second[name]]
    return len(common) / len(names)


def _fields(contract: Contract) -> dict[tuple[str, ...], set[str]]:
    """Declared fields by their names, each with its types."""
    fields: dict[tuple[str, ...], set[str]] = {}
    for row in contract.declared():
        tokens = tuple(token.replace("_", "").lower() for token in tokens_of(row.pointer))
        if tokens and len(tokens) <= _DEPTH and tokens[0] not in _CARRIED:
            types = {"number" if kind == "integer" else kind for kind in row.types}
            fields.setdefault(tokens, set()).update(types)
    return fields


def _has(words: Iterable[str], word: str) -> bool:
    return any(_is_same(word, each) for each in words)


def _is_same(one: str, other: str) -> bool:
    """Whether two words are the same, or one is a slip of the other."""
    if one == other:
        return True
    if min(len(one), len(other)) < _SHORT or one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((index for index, letter in enumerate(one) if letter != other[index]), len(one))
    rest = one[at + 1 :] if len(one) == len(other) else one[at:]
    swapped = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
    return rest == other[at + 1 :] or (len(one) == len(other) and swapped == other[at:])


def _stem(word: str) -> str:
    """A word without its ending, or the word that stands for all that say the same."""
    for ending, instead in (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("ed", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:  # noqa: PLR2004 - a stem has three letters
            word = word[: -len(ending)] + instead
            break
    else:
        if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:  # noqa: PLR2004 - as above
            word = word[:-1]
    doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiousl"  # noqa: PLR2004 - as above
    word = word[:-1] if doubled else word
    bare = word.removesuffix("e")
    return _SPELT_AS.get(bare) or _SPELT_AS.get(f"{bare}e") or bare


def _is_version(word: str) -> bool:
    return word[:1] == "v" and word[1:].isdigit()
