"""Java source of the contracts that travel with event classes."""

import re
from typing import Any, Final

import msgspec

from keybus.contracts.bindings.java.names import INTERNAL, folders_of
from keybus.contracts.bindings.java.places import Places
from keybus.contracts.bindings.java.text import header, javadoc, text_block
from keybus.contracts.bundling import BundledSchema
from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json
from keybus.contracts.extensible import without_extensible_lists
from keybus.contracts.locations import Documents, Location

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_METHOD: Final = """\
  %(words)s
  public static String %(name)s() {
    return %(text)s;
  }
"""


def schema_name(places: Places, contract: Contract) -> str:
    """The class that has a contract's schema."""
    return f"{places.outer_of(contract.file)}Contract"


def schema_file(places: Places, contract: Contract) -> str:
    """Its file."""
    name = f"{schema_name(places, contract)}.java"
    return "/".join((INTERNAL, *folders_of(contract.file), name))


def grows(contract: Contract) -> bool:
    """Whether readers of an event take more than its contract lists."""
    return without_extensible_lists(contract.closure) is not contract.closure


def schema_class(places: Places, contract: Contract) -> str:
    """The source of the class that has a contract's schema."""
    name = schema_name(places, contract)
    words = f"The contract of {contract.type} {contract.version}, {contract.digest}."
    methods = [_method("schema", contract.closure, contract, "What its events fit.")]
    if grows(contract):
        opened = without_extensible_lists(contract.closure)
        told = "The same, with lists that may grow grown to anything of their type."
        methods.append(_method("readerSchema", opened, contract, told))
    top = f"public final class {name} {{\n\n  private {name}() {{}}\n\n"
    start = f"{header()}\npackage {places.internal_of(contract.file)};\n\n{javadoc(words)}{top}"
    return start + "\n".join(methods) + "}\n"


def _method(name: str, documents: Documents, contract: Contract, words: str) -> str:
    schema = BundledSchema(documents, [Location(contract.file)]).schema
    text = text_block(_pretty(schema), " " * 8)
    return _METHOD % {"words": f"/** {words} */", "name": name, "text": text}


def _pretty(schema: Any) -> str:
    """JSON in ASCII, a member a line."""
    text = msgspec.json.format(canonical_json(schema), indent=2).decode()
    return _NOT_ASCII.sub(_escaped, text) + "\n"


def _escaped(found: re.Match[str]) -> str:
    """A character as JSON writes it without any beyond ASCII (RFC 8259, section 7)."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
