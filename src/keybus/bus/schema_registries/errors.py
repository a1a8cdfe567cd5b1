"""What schema registries refuse."""

from keybus.errors import Fault, FaultsError, KeybusError


class NoSuchSchema(KeybusError):
    """There is no such registry, schema or version in the account."""

    code = "no-such-schema"


class SchemaExists(KeybusError):
    """The account has a registry, or a registry a schema, of that name."""

    code = "schema-exists"


class SchemasRefused(KeybusError):
    """What is asked for cannot be done as things stand."""

    code = "schemas-refused"


class TooManySchemas(KeybusError):
    """An account keeps as many schemas as it may."""

    code = "too-many-schemas"


class BrokenSchema(FaultsError):
    """A text that is no schema of its kind, with every fault."""

    code = "broken-schema"

    @classmethod
    def because(
        cls, subject: str, message: str, pointer: str = "", hint: str = ""
    ) -> "BrokenSchema":
        """For one reason."""
        return cls(subject, [Fault("not-a-schema", message, pointer, hint=hint)])
