"""What of a schema could not be carried into another form."""

import msgspec


class Loss(msgspec.Struct, frozen=True):
    """Something that the other form cannot say, or says otherwise.

    Attributes:
        pointer: JSON pointer into the schema as it was.
        keyword: The keyword.
        why: What became of it, in a sentence.
    """

    pointer: str
    keyword: str
    why: str

    def __str__(self) -> str:
        """``/properties/a: propertyNames: Draft-04 cannot say it.``."""
        return f"{self.pointer or '/'}: {self.keyword}: {self.why}"
