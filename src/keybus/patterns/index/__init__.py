"""Many named patterns at once: which of them does an event match?

`PatternIndex` answers what trying one `Pattern` after the other would answer, by reading of an
event only the fields in use (`reader`) and finding by each alternative's most telling field
(`choice`, `column`, `lookup`) the few whose other fields are worth a look (`group`, `masks`).
"""

from keybus.patterns.index.index import PatternIndex
from keybus.patterns.index.names import has_unique_names

__all__ = ["PatternIndex", "has_unique_names"]
