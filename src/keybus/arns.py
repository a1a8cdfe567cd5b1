"""Amazon Resource Names: how AWS names a bus, a rule, a queue, a destination.

Source: AWS IAM user guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
"""

import re
from typing import Final, NamedTuple

PARTITION: Final = "aws"
_ARN: Final = re.compile(
    r"arn:(aws(?:-[a-z]+)*):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|):([^\s\x00-\x1f\x7f]+)"
)


class Arn(NamedTuple):
    """A resource's name.

    Attributes:
        service: ``events``, ``sqs`` …
        region: Where it is; empty where it is in none.
        account: The 12 digits of its account; empty where it is nobody's.
        resource: All after that: ``rule/orders`` of a rule, the plain name of a queue.
        partition: ``aws``.
    """

    service: str
    region: str
    account: str
    resource: str
    partition: str = PARTITION

    @classmethod
    def parse(cls, text: str) -> "Arn | None":
        """Read one; None where the text is none."""
        found = _ARN.fullmatch(text)
        return found and cls(found[2], found[3], found[4], found[5], found[1])

    def __str__(self) -> str:
        """As it is written."""
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"
