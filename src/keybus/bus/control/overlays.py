"""What lies over an applied platform: what was released since, and what was made by hand."""

from collections.abc import Callable, Mapping

import msgspec

from keybus.bus.rules.beside import Beside
from keybus.contracts import ContractRepository
from keybus.governance.authorizer import Denied
from keybus.topology import Platform


class Overlays(msgspec.Struct, frozen=True):
    """Asked whenever the rules are compiled.

    Attributes:
        contracts: Contracts that were applied, with what was released since beside them.
        made: The subscriptions that were made by hand beside a platform's, by name.
        denied: What the bus's policy denies to a platform's accounts, by name.
    """

    contracts: Callable[[ContractRepository], ContractRepository] = lambda applied: applied
    made: Callable[[Platform], Mapping[str, Beside]] = lambda _: {}
    denied: Callable[[Platform], Mapping[str, Denied]] = lambda _: {}
