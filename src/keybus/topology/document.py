"""A YAML file as plain data that remembers on which line each value stands."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from keybus.contracts.pointers import pointer_of
from keybus.topology.findings import Code, Finding, quoted
from keybus.topology.scalars import UnusableNumberError, core_value

MAX_DEPTH = 50
"""Nesting of a platform file, which also keeps hostile files from exhausting the stack."""


class Place(NamedTuple):
    """Where something is declared.

    Attributes:
        file: The file, relative to the platform file's folder.
        line: The line, from 1; 0 where the file could not be read.
    """

    file: str
    line: int


class Document(msgspec.Struct, frozen=True):
    """The data, and what it looked like.

    Attributes:
        data: Mappings with text keys, lists, text, numbers, booleans and None.
        places: Where each value stands, by its JSON pointer; where its key does if it has one.
        written: The text of each plain value that is not text, by its JSON pointer.
        broken: Pointers of values that could not be read; the data has None there.
        files: All files that it was read from, the platform's own first.
        teams: The account whose team has declared something, by its JSON pointer.
        included: Where the files of an account's team are named, by the account.
        whole: Whether nothing that it includes is missing here.
    """

    data: Any
    places: dict[str, Place] = {}
    written: dict[str, str] = {}
    broken: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    teams: dict[str, str] = {}
    included: dict[str, str] = {}
    whole: bool = True

    def place(self, pointer: str) -> Place:
        """The place of the value, or of the nearest one around it."""
        while pointer and pointer not in self.places:
            pointer = pointer.rpartition("/")[0]
        return self.places.get(pointer) or Place(self.files[0], 1 if self.places else 0)

    def line(self, pointer: str) -> int:
        """The line of the value, or of the nearest one around it."""
        return self.place(pointer).line

    def placed(self, finding: Finding) -> Finding:
        """The finding with its file and line."""
        if finding.file:
            return finding
        place = self.place(finding.pointer)
        return finding._replace(file=place.file, line=finding.line or place.line)


def read(path: Path, name: str = "") -> tuple[Document, list[Finding]]:
    """Read a YAML 1.2 file; findings where it is none, or where a value cannot be used.

    Args:
        path: The file.
        name: What findings call it; the last part of its path where nothing is said.
    """
    name = name or path.name
    try:
        root, tagged = _composed(_text(path))
    except _UnreadableError as error:
        broken = Document(None, broken=frozenset({""}), files=(name,), whole=False)
        return broken, [broken.placed(error.finding)]
    reader = _Reader(tagged)
    data = reader.value(root, "", 0) if root is not None else {}
    places = {pointer: Place(name, line) for pointer, line in reader.lines.items()}
    document = Document(data, places, reader.written, frozenset(reader.broken), (name,))
    return document, [document.placed(finding) for finding in reader.findings]


class _UnreadableError(Exception):
    """Nothing can be read; what is found says why."""

    def __init__(self, code: Code, message: str, line: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.finding = Finding(code, message, "", hint, line)


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device might never end
            kind = "a folder" if path.is_dir() else "no file of text"
            raise _UnreadableError("unreadable", f"cannot be read: it is {kind}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        there = not isinstance(error, FileNotFoundError | NotADirectoryError)
        hint = "" if there else "name the folder that holds platform.yaml"
        message = f"cannot be read: {error.strerror}"
        raise _UnreadableError("unreadable", message, hint=hint) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8 at byte {error.start}"
        raise _UnreadableError("not-utf8", message, line, "save it as UTF-8") from None


def _composed(text: str) -> tuple[yaml.Node | None, dict[int, str]]:
    """The root, and the tags of the nodes that were given one, by the nodes' ids."""
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"has a character that YAML does not allow: U+{ord(text[error.position]):04X}"
        hint = "remove it, or write it as an escape in quotes"
        raise _UnreadableError("bad-yaml", what, line, hint) from None
    try:
        return loader.get_single_node(), loader.tagged
    except RecursionError:
        raise _UnreadableError("too-deep", "is nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        hint = "indent with blanks instead of tabs" if "'\\t'" in (error.problem or "") else ""
        raise _UnreadableError("bad-yaml", f"is not YAML: {error.problem}", line, hint) from None
    except (ValueError, OverflowError):  # of chr(), which PyYAML leaves to us
        what = "is not YAML: an escape names no character"
        raise _UnreadableError("bad-yaml", what, loader.line + 1) from None


class _Loader(yaml.SafeLoader):
    """Composes nodes, and notes which of them were given a tag in the text.

    What PyYAML takes a plain value for is not looked at: that would be YAML 1.1.
    """

    def __init__(self, text: str) -> None:
        self.tagged: dict[int, str] = {}
        super().__init__(text)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        tag = getattr(event, "tag", None)
        if node is not None and tag is not None:
            self.tagged[id(node)] = str(tag).replace("tag:yaml.org,2002:", "!!")
        return node


class _Reader:
    """Walks YAML nodes; aliases are refused, since a small file could unfold into a huge one."""

    def __init__(self, tagged: dict[int, str]) -> None:
        self.lines: dict[str, int] = {}
        self.written: dict[str, str] = {}
        self.broken: set[str] = set()
        self.findings: list[Finding] = []
        self._tagged = tagged
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, pointer: str, depth: int) -> Any:
        # The key's line where there is a key: an alias's node stands where its anchor does.
        line = self.lines.setdefault(pointer, node.start_mark.line + 1)
        if depth > MAX_DEPTH:
            return self._break("too-deep", f"is nested deeper than {MAX_DEPTH}", pointer, line)
        if id(node) in self._seen:
            return self._break("alias", "is an alias", pointer, line, "write the value out")
        if id(node) in self._tagged:
            message = f"has the tag {quoted(self._tagged[id(node)])}"
            hint = "write it plainly: in quotes where it is text"
            return self._break("tag", message, pointer, line, hint)
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer, depth)
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value(item, f"{pointer}/{index}", depth + 1)
                for index, item in enumerate(node.value)
            ]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, pointer, line)

    def _mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            alias = id(key_node) in self._seen  # its node stands where its anchor does
            line = (value_node if alias else key_node).start_mark.line + 1
            key = self._key(key_node, pointer, line)
            if key is None:
                continue
            below = pointer + pointer_of(key)
            if key not in result:
                self.lines.setdefault(below, line)
                result[key] = self.value(value_node, below, depth + 1)
                continue
            hint = f"it stands on line {self.lines[below]} already"
            self._find("duplicate-key", f"{quoted(key)} stands twice", below, line, hint)
            again = self.value(value_node, below, depth + 1)
            if isinstance(again, dict) and isinstance(result[key], dict):
                result[key] = again | result[key]  # so that what is only there is judged as well
        return result

    def _key(self, node: yaml.Node, pointer: str, line: int) -> str | None:
        """A key's text, whatever it looks like; None where it is no text at all."""
        if not isinstance(node, yaml.ScalarNode):
            kind = "a mapping" if isinstance(node, yaml.MappingNode) else "a list"
            hint = "write a name before the colon, and put text with braces or brackets in quotes"
            self._find("bad-key", f"{kind} is used as a key; keys are text", pointer, line, hint)
            return None
        if id(node) in self._seen:
            message = f"the key {quoted(node.value)} is an alias"
            self._find("alias", message, pointer, line, "write the key out")
        self._seen.add(id(node))
        text = _joined(node.value)
        key = _whole_characters(text)
        if id(node) in self._tagged:
            message = f"the key {quoted(key)} has the tag {quoted(self._tagged[id(node)])}"
            self._find("tag", message, pointer, line, "write it plainly: keys are text")
        if key != text:
            message = f"the key {quoted(key)} holds half a character (a lone surrogate)"
            self._find("bad-text", message, pointer, line, "write the character itself")
        return key

    def _scalar(self, node: yaml.ScalarNode, pointer: str, line: int) -> Any:
        text = _joined(node.value)
        if node.style is not None:  # quoted, or a block
            if text != _whole_characters(text):
                hint = "write the character itself"
                message = "holds half a character (a lone surrogate)"
                return self._break("bad-text", message, pointer, line, hint)
            return text
        try:
            value = core_value(text)
        except UnusableNumberError as error:
            hint = "put it in quotes if it is text"
            return self._break("bad-number", f"{quoted(text)} {error}", pointer, line, hint)
        if not isinstance(value, str):
            self.written.setdefault(pointer, text)
        return value

    def _find(self, code: Code, message: str, pointer: str, line: int, hint: str) -> None:
        self.findings.append(Finding(code, message, pointer, hint, line))

    def _break(self, code: Code, message: str, pointer: str, line: int, hint: str = "") -> None:
        self.broken.add(pointer)
        self._find(code, message, pointer, line, hint)


def _joined(text: str) -> str:
    """The text with characters that were escaped in two halves, as JSON does, made whole."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _whole_characters(text: str) -> str:
    """The text with a question mark for each lone surrogate, which no UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
