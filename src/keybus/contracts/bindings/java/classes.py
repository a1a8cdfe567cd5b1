"""Java source of classes: events, and objects within them."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from keybus.contracts.bindings.java.members import Member, getters, setters
from keybus.contracts.bindings.java.text import LINE, call, javadoc, literal, sentence
from keybus.contracts.contract import Contract

_EVENT: Final = """\
  private %(name)s(Fields fields) {
    super(CONTRACT, fields);
  }

  /** Begins a new event. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Reads an event that was received.
   *
   * @throws InvalidEventException if it does not fit its contract
   */
  public static %(name)s fromJson(String json) {
    return CONTRACT.read(json);
  }

  /** Begins another event with the same content; its id and time are new. */
  public Builder toBuilder() {
    return new Builder(this);
  }

%(getters)s  /** Puts a {@link %(name)s} together. */
  public static final class Builder extends EventBuilder<%(name)s> {

    private Builder() {
      super(CONTRACT);
    }

    private Builder(%(name)s origin) {
      super(CONTRACT, origin);
    }

%(setters)s  }
"""

_OBJECT: Final = """\
  private %(name)s(Fields fields) {
    super(fields);
  }

  /** Begins a new object. */
  public static Builder builder() {
    return new Builder();
  }

  /** The object of a JSON object, which is not checked. */
  public static %(name)s fromNode(JsonNode node) {
    return new %(name)s(Fields.of(node));
  }

  /** Begins another object with the same content. */
  public Builder toBuilder() {
    return new Builder(this);
  }

%(getters)s  /** Puts a {@link %(name)s} together. */
  public static final class Builder extends ObjectBuilder {

    private Builder() {}

    private Builder(%(name)s origin) {
      super(origin);
    }

%(setters)s    /** The object; it is checked with the event that it is a part of. */
    public %(name)s build() {
      return new %(name)s(fields());
    }
  }
"""


class EventHead(msgspec.Struct, frozen=True):
    """What an event's class says of its contract.

    Attributes:
        contract: The contract.
        schema: The class that has its schema.
        grows: Whether readers have a schema of their own, as lists may grow.
        warning: Why the class is to be left, or empty.
    """

    contract: Contract
    schema: str
    grows: bool
    warning: str


def event_class(
    name: str, words: str, head: EventHead, members: Sequence[Member], inner: str
) -> str:
    """An event's class.

    Args:
        name: Its name.
        words: What the contract says about it.
        head: What it says of the contract.
        members: Its properties.
        inner: The source of nested classes.
    """
    tags = [f"@deprecated {sentence(head.warning)}"] if head.warning else []
    marked = "@Deprecated\n" if head.warning else ""
    top = f"public final class {name} extends KeybusEvent {{\n\n"
    said = "".join((*_constants(head.contract), _contract(name, head, members)))
    written = setters(members).removesuffix("\n")
    body = _EVENT % {"name": name, "getters": "".join(getters(members)), "setters": written}
    return f"{javadoc(words, tags=tags)}{marked}{top}{said}{body}{inner}}}\n"


def object_class(name: str, words: str, members: Sequence[Member], inner: str, static: str) -> str:
    """A class of objects.

    Args:
        name: Its name.
        words: What the contract says about it.
        members: Its properties.
        inner: The source of nested classes.
        static: ``static`` and a space where it is nested itself, or empty.
    """
    top = f"public {static}final class {name} extends KeybusObject {{\n\n"
    shown = {"name": name, "getters": "".join(getters(members)), "setters": setters(members)}
    return f"{javadoc(words)}{top}{_OBJECT % shown}{inner}}}\n"


def holder_class(name: str, file: str, inner: str) -> str:
    """A class that only holds those nested in it.

    Args:
        name: Its name.
        file: The schema file, which is no object itself.
        inner: The source of nested classes.
    """
    words = javadoc(f"What {file} declares.")
    return f"{words}public final class {name} {{\n\n  private {name}() {{}}\n{inner}}}\n"


def _constants(contract: Contract) -> Iterator[str]:
    said = (
        ("TYPE", contract.type, "The event type."),
        ("VERSION", contract.version, "The version of the contract."),
        ("DIGEST", contract.digest, "The digest of the contract and of all that it refers to."),
        ("OWNER", contract.owner, "The account that owns the event type."),
    )
    for constant, value, words in said:
        line = f"  public static final String {constant} ="
        shown = f"{literal(value)};"
        between = " " if len(line) + len(shown) < LINE else "\n      "
        yield f"{javadoc(words, '  ')}{line}{between}{shown}\n\n"


def _contract(name: str, head: EventHead, members: Sequence[Member]) -> str:
    words = "What events are checked against when they are created, read and published."
    carried = [literal(each.attribute.name) for each in members if each.is_carried]
    more = [f".carrying({', '.join(carried)})"] if carried else []
    more += [f".reading({head.schema}::readerSchema)"] if head.grows else []
    arguments = ["TYPE", "VERSION", f"{head.schema}::schema", f"{name}::new"]
    made = call("EventContract.of", arguments, "" if more else ";", " " * 6)
    chained = "".join(f"          {each}\n" for each in more)
    made = made.replace("\n          ", "\n              ") if more else made
    made = f"{(made + chained).removesuffix(chr(10))};\n" if more else made
    line = f"  public static final EventContract<{name}> CONTRACT =\n"
    return f"{javadoc(words, '  ')}{line}{made}\n"
