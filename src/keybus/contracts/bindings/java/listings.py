"""Java source of lists of texts: enums, and classes of constants where a list may grow."""

from typing import Final

from keybus.contracts.bindings.java.names import constant_names
from keybus.contracts.bindings.java.places import Listed
from keybus.contracts.bindings.java.text import LINE, call, javadoc, literal

_ENUM: Final = """\
  private final String value;

  %(name)s(String value) {
    this.value = value;
  }

  /**
   * The constant of a value as it stands in JSON.
   *
   * @throws IllegalArgumentException if the contract does not list it
   */
  public static %(name)s fromValue(String value) {
    for (%(name)s each : values()) {
      if (each.value.equals(value)) {
        return each;
      }
    }
    throw new IllegalArgumentException("%(name)s does not list " + value);
  }

  @Override
  public String value() {
    return value;
  }

  @Override
  public String toString() {
    return value;
  }
"""

_OPEN: Final = """\
  private %(name)s(String value) {
    super(value);
  }

  /** A value, listed or not. */
  public static %(name)s fromValue(String value) {
    return new %(name)s(value);
  }

  /** The values that the contract lists. */
  public static List<%(name)s> listed() {
%(listed)s  }
"""


def listing(name: str, words: str, listed: Listed, inner: str, static: str) -> str:
    """An enum, or a class of constants where the list may grow.

    Args:
        name: The class's name.
        words: What the contract says about it.
        listed: Its texts.
        inner: The source of nested classes.
        static: ``static`` and a space where it is nested itself, or empty.
    """
    names = constant_names(listed.values)
    if listed.grows:
        more = "The list may grow: values are read that it does not have yet."
        constants = "".join(
            javadoc(f"The value {value!r}.", "  ") + _constant(name, names[value], value)
            for value in names
        )
        listing = call("return List.of", list(names.values()), ";", "    ")
        body = _OPEN % {"name": name, "listed": listing}
        top = f"public {static}final class {name} extends OpenValue {{\n\n"
        return javadoc(f"{words}\n\n{more}") + top + constants + body + inner + "}\n"
    constants = ",\n".join(f"  {names[value]}({literal(value)})" for value in names)
    top = f"public enum {name} implements WireValue {{\n{constants};\n\n"
    return javadoc(words) + top + _ENUM % {"name": name} + inner + "}\n"


def _constant(name: str, constant: str, value: str) -> str:
    line = f"  public static final {name} {constant} ="
    made = f"new {name}({literal(value)});"
    return f"{line} {made}\n\n" if len(line) + len(made) < LINE else f"{line}\n      {made}\n\n"
