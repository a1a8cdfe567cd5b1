"""A YAML file as plain data that remembers on which line each value stands."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from keybus.errors import Fault

MAX_DEPTH = 50
"""Nesting of a platform file, which also keeps hostile files from exhausting the stack."""


class Document(msgspec.Struct, frozen=True):
    """The data, and the line (from 1) of each value by its JSON pointer."""

    data: Any
    lines: dict[str, int]

    def line(self, pointer: str) -> int:
        """The line of the value, or of the nearest one around it."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)


def escaped(part: str) -> str:
    """A key as a token of a JSON pointer (RFC 6901, section 3)."""
    return part.replace("~", "~0").replace("/", "~1")


def read(path: Path) -> tuple[Document, list[Fault]]:
    """Read a YAML file; faults where it is none, or where a key stands twice."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        hint = "name the folder that holds platform.yaml"
        return _nothing(path, "unreadable", f"cannot be read: {error.strerror}", 0, hint)
    except UnicodeDecodeError as error:
        return _nothing(path, "not-utf8", f"is not UTF-8 at byte {error.start}", 0)
    except RecursionError:
        return _nothing(path, "too-deep", "is nested too deeply", 0)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return _nothing(path, "bad-yaml", f"is not YAML: {error.problem}", line)
    except yaml.YAMLError as error:
        return _nothing(path, "bad-yaml", f"is not YAML: {error}", 0)
    reader = _Reader(path.name)
    data = reader.value(root, "", 0) if root is not None else {}
    return Document(data, reader.lines), reader.faults


def _nothing(
    path: Path, code: str, message: str, line: int, hint: str = ""
) -> tuple[Document, list[Fault]]:
    return Document(None, {}), [Fault(code, message, file=path.name, line=line, hint=hint)]


class _Reader:
    """Walks YAML nodes; aliases are refused, since a small file could unfold into a huge one."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[str, int] = {}
        self.faults: list[Fault] = []
        self._seen: set[int] = set()
        self._scalars = yaml.SafeLoader("")

    def value(self, node: yaml.Node, pointer: str, depth: int) -> Any:
        # The key's line where there is a key: an alias's node stands where its anchor does.
        line = self.lines.setdefault(pointer, node.start_mark.line + 1)
        if depth > MAX_DEPTH:
            return self._fault("too-deep", f"is nested deeper than {MAX_DEPTH}", pointer, line)
        if id(node) in self._seen:
            return self._fault("alias", "is an alias; write the value out", pointer, line)
        if isinstance(node, yaml.MappingNode):
            self._seen.add(id(node))
            return self._mapping(node, pointer, depth)
        if isinstance(node, yaml.SequenceNode):
            self._seen.add(id(node))
            return [
                self.value(item, f"{pointer}/{index}", depth + 1)
                for index, item in enumerate(node.value)
            ]
        return self._scalar(node, pointer, line)

    def _mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            below = f"{pointer}/{escaped(key)}"
            if key in result:
                self._fault("duplicate-key", f"{key!r} stands twice", below, line)
            self.lines[below] = line
            result[key] = self.value(value_node, below, depth + 1)
        return result

    def _scalar(self, node: yaml.Node, pointer: str, line: int) -> Any:
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            return self._fault("bad-yaml", f"is not a plain value: {error}", pointer, line)
        if value is None or isinstance(value, str | int | float | bool):
            return value
        return str(node.value)  # dates and times: what was written

    def _fault(self, code: str, message: str, pointer: str, line: int) -> None:
        self.faults.append(Fault(code, message, pointer, self.file, line))
