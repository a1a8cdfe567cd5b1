"""CloudFormation's intrinsic functions.

Source: AWS CloudFormation user guide, "Intrinsic function reference" and "Pseudo parameters".
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from keybus.testing.aws.error import NotDeployable

_FUNCTIONS: Final = frozenset({"Fn::GetAtt", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub"})
_VARIABLE: Final = re.compile(r"\$\{(!?)([^}]+)\}")


class Made(msgspec.Struct, frozen=True):
    """A resource that was made.

    Attributes:
        ref: What ``Ref`` answers for it.
        attributes: What ``Fn::GetAtt`` answers, by name.
    """

    ref: str
    attributes: Mapping[str, str] = {}


class Resolver:
    """Works out values of a template.

    Args:
        pseudo: Pseudo parameters, such as ``AWS::Region``.
        made: The resources that were made so far, by logical id.
    """

    def __init__(self, pseudo: Mapping[str, str], made: Mapping[str, Made]) -> None:
        self._pseudo, self._made = pseudo, made

    def value(self, value: Any) -> Any:
        """The value that a template's value stands for.

        Raises:
            NotDeployable: It uses a function that is not known, or what is not there.
        """
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                return self._function(name, argument)
        return {name: self.value(each) for name, each in value.items()}

    def _ref(self, name: str) -> str:
        if name in self._pseudo:
            return self._pseudo[name]
        return self._resource(name).ref

    def _resource(self, name: str) -> Made:
        if name not in self._made:
            raise NotDeployable(
                f"nothing is called {name!r}", hint="is it a resource's logical id?"
            )
        return self._made[name]

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::GetAtt":
                resource, _, attribute = (
                    argument.partition(".")
                    if isinstance(argument, str)
                    else (argument[0], "", argument[1])
                )
                return self._attribute(resource, attribute)
            case "Fn::Join":
                return argument[0].join(map(str, self.value(argument[1])))
            case "Fn::Select":
                return self.value(argument[1])[int(argument[0])]
            case "Fn::Split":
                return str(self.value(argument[1])).split(argument[0])
            case "Fn::Sub":
                return self._substituted(argument)
        raise _not_known(name)

    def _attribute(self, resource: str, attribute: str) -> str:
        found = self._resource(resource).attributes
        if attribute not in found:
            raise NotDeployable(f"{resource} has no attribute {attribute!r} here")
        return found[attribute]

    def _substituted(self, argument: Any) -> str:
        text, names = (argument, {}) if isinstance(argument, str) else argument

        def replaced(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in names:
                return str(self.value(names[name]))
            resource, dot, attribute = name.partition(".")
            return self._attribute(resource, attribute) if dot else self._ref(name)

        return _VARIABLE.sub(replaced, text)


def check_functions(value: Any) -> None:
    """Check that a template's value uses no function that is not known.

    Raises:
        NotDeployable: It does.
    """
    if isinstance(value, list):
        for each in value:
            check_functions(each)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if len(value) == 1 and name.startswith("Fn::") and name not in _FUNCTIONS:
                raise _not_known(name)
            check_functions(argument)


def _not_known(function: str) -> NotDeployable:
    return NotDeployable(f"{function} is not known here", hint="write the value out")


def references(value: Any) -> Iterator[str]:
    """The names that a template's value refers to, pseudo parameters among them."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref":
                yield argument
            elif name == "Fn::GetAtt":
                yield argument.partition(".")[0] if isinstance(argument, str) else argument[0]
            elif name == "Fn::Sub":
                text = argument if isinstance(argument, str) else argument[0]
                yield from (each[2].partition(".")[0] for each in _VARIABLE.finditer(text))
            if not isinstance(argument, str):
                yield from references(argument)
