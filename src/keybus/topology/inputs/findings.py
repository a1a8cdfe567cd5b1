"""What is wrong with a target's input: what cannot be read, and what no contract declares."""

from collections.abc import Iterator, Mapping

import msgspec

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.pointers import pointer_of
from keybus.topology.fields import contracts_of, undeclared
from keybus.topology.findings import Finding, known_names, quoted
from keybus.topology.inputs.expression import check_expression
from keybus.topology.inputs.fault import InputError
from keybus.topology.inputs.given import ENVELOPE
from keybus.topology.inputs.naming import allows
from keybus.topology.inputs.path import Path
from keybus.topology.inputs.template import MAX_VARIABLES, Rule, Template, check_variables
from keybus.topology.keeping import Keeping, of_contract, of_fields
from keybus.topology.model import InputTransformer, Subscription

_KEYS = ("input", "input_path", "input_transformer", "jsonata")
_NOWHERE = Rule("", "")
_MAX_CONSTANT = 8192


def input_findings(
    subscription: Subscription, pointer: str, contracts: ContractRepository | None
) -> Iterator[Finding]:
    """All that is wrong with how a target's input is made.

    Args:
        subscription: The subscription.
        pointer: Where it stands.
        contracts: All contracts; None where they are not known.
    """
    target, place = subscription.target, f"{pointer}/target"
    asked = [key for key in _KEYS if getattr(target, key) is not None]
    if len(asked) > 1:
        message = f"{' and '.join(asked)} exclude each other"
        yield Finding("several-inputs", message, place, "keep one of them")
    if target.input is not None:
        yield from _constant(target.input, f"{place}/input")
    if target.jsonata is not None:
        yield from _expression(target.jsonata, f"{place}/jsonata")
    paths = {} if target.input_path is None else {f"{place}/input_path": target.input_path}
    if target.input_transformer is not None:
        yield from _template(target.input_transformer, f"{place}/input_transformer")
        paths |= {
            f"{place}/input_transformer/paths{pointer_of(name)}": path
            for name, path in target.input_transformer.paths.items()
        }
    yield from _paths(paths, subscription, contracts)


def _constant(text: str, place: str) -> Iterator[Finding]:
    if len(text) > _MAX_CONSTANT:
        message = f"it has {len(text)} characters; at most {_MAX_CONSTANT} are allowed"
        yield Finding("bad-input", message, place)
        return
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"it is no JSON: {error}"
        yield Finding("bad-input", message, place, "a text stands in quotes within: '\"text\"'")


def _expression(text: str, place: str) -> Iterator[Finding]:
    try:
        check_expression(text)
    except InputError as error:
        yield Finding("bad-input", str(error.args[0]), place, error.hint)


def _template(asked: InputTransformer, place: str) -> Iterator[Finding]:
    if len(asked.paths) > MAX_VARIABLES:
        message = f"{len(asked.paths)} variables are declared; at most {MAX_VARIABLES} are allowed"
        yield Finding("bad-input", message, f"{place}/paths")
    wrong = dict(check_variables(asked.paths))
    for name, why in wrong.items():
        message = f"{quoted(name)} is no variable's name: {why}"
        yield Finding("bad-input", message, f"{place}/paths{pointer_of(name)}")
    known = {name: Path(()) for name in asked.paths if name not in wrong}
    try:
        Template(asked.template, known, _NOWHERE)
    except InputError as error:
        yield Finding("bad-input", str(error.args[0]), f"{place}/template", error.hint)


def _paths(
    paths: Mapping[str, str], subscription: Subscription, contracts: ContractRepository | None
) -> Iterator[Finding]:
    known = contracts_of(subscription, contracts) if contracts is not None else []
    for place, text in paths.items():
        try:
            names = Path.parse(text).names
        except InputError as error:
            yield Finding("bad-input", str(error.args[0]), place, error.hint)
            continue
        if names and names[0] not in ENVELOPE:
            message = f"an envelope has no {quoted(names[0])}"
            hint = known_names(names[0], ENVELOPE)
            yield Finding("unknown-envelope-field", message, place, hint)
        elif names[:1] == ("detail",) and contracts is not None:
            yield from _detail(names[1:], text, place, subscription, known)


def _detail(
    names: tuple[str, ...],
    text: str,
    place: str,
    subscription: Subscription,
    known: list[Contract],
) -> Iterator[Finding]:
    """A path into the event that leads nowhere: none declares it, or it is not delivered."""
    if known and len(known) == len(subscription.events):
        faults = [undeclared(contract, pointer_of(*names)) for contract in known]
        field = ".".join(("detail", *names))
        meant = any(allows(allowed, field) for allowed in subscription.allow_undeclared)
        if all(fault is not None for fault in faults) and not meant:
            message = f"none of the events declares {quoted(text)}"
            hint = next((f"{hint}; " for hint in faults if hint), "")
            hint += f"if it is meant, say so with allow_undeclared: [{field}]"
            yield Finding("undeclared-field", message, place, hint)
            return
    if subscription.fields and all(_is_cut(names, kept) for kept in _kept(subscription, known)):
        message = f"{quoted(text)} is not among the subscription's fields, so it is cut before"
        yield Finding("cut-field", message, place, f"add {pointer_of(*names)} to fields")


def _kept(subscription: Subscription, known: list[Contract]) -> list[Keeping]:
    fields = [tuple(pointer[1:].split("/")) for pointer in subscription.fields]
    fields = [tuple(t.replace("~1", "/").replace("~0", "~") for t in each) for each in fields]
    return [of_contract(contract, fields) for contract in known] or [of_fields(fields)]


def _is_cut(names: tuple[str, ...], kept: Keeping) -> bool:
    for name in names:
        if name not in kept.names:
            return True
        below = kept.names[name]
        if below is None:
            return False
        kept = below
    return False
