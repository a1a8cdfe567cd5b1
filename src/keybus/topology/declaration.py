"""A platform as it was declared: what it is, and where each part of it stands."""

from dataclasses import dataclass

from keybus.contracts import ContractRepository
from keybus.topology.document import Document, Place
from keybus.topology.model import Platform


@dataclass(frozen=True, slots=True)
class Declaration:
    """A platform without faults, its contracts, and the places of its parts.

    Attributes:
        platform: The platform, taken together from all its files.
        contracts: The contracts that it names.
        document: What was read.
    """

    platform: Platform
    contracts: ContractRepository
    document: Document

    @property
    def files(self) -> tuple[str, ...]:
        """All files that it was read from, relative to the folder of the first."""
        return self.document.files

    def place(self, pointer: str) -> Place:
        """The file and line of a part, or of the nearest one around it.

        Args:
            pointer: JSON pointer into the platform, such as ``/grants/orders``.
        """
        return self.document.place(pointer)
