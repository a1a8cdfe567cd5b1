"""One generation of the bus's rules: a platform and its contracts, compiled for the hot path."""

import logging
from collections.abc import Mapping

import msgspec

from keybus.bus.control.versions import Applied, Declared
from keybus.bus.ingest.admission import Admission, Mode
from keybus.bus.ingest.kinds import Kinds
from keybus.bus.ingest.router import Router
from keybus.contracts import ContractRepository
from keybus.governance.authorizer import Authorizer
from keybus.topology import Platform
from keybus.topology.projection import Projection

_log = logging.getLogger(__name__)


class Modes(msgspec.Struct, frozen=True):
    """How strictly the bus looks at what it is asked.

    Attributes:
        admission: What happens to an event that does not fit its contract.
        authorization: What happens to what the authorizer refuses.
    """

    admission: Mode = "observe"
    authorization: Mode = "observe"


class Generation:
    """What holds from one applied version to the next. Immutable.

    Attributes:
        applied: The version.
        platform: What was declared.
        contracts: Its contracts.
        router: Which subscriptions an event matches.
        admission: Whether an event fits its contract.
        kinds: What is known of an event by its source and type.
        authorizer: Who may do what.
        projections: What is delivered of an event, by the subscriptions that ask for less.
    """

    def __init__(self, applied: Applied, contracts: ContractRepository, modes: Modes) -> None:
        self.applied = applied
        self.platform: Platform = applied.platform
        self.contracts = contracts
        self.router = Router(self.platform.subscriptions, contracts)
        self.admission = Admission(self.platform, contracts, modes.admission)
        self.authorizer = Authorizer(self.platform, contracts)
        self.projections: Mapping[str, Projection] = {
            name: Projection.compile(subscription, contracts)
            for name, subscription in self.platform.subscriptions.items()
            if subscription.fields
        }
        self.kinds = Kinds(self.platform, self.admission, self.router)

    @property
    def declared(self) -> Declared:
        """What it was made of."""
        return Declared(self.platform, self.contracts)

    def account_of(self, source: str) -> str:
        """The name of the account whose publisher has the source; empty where none has."""
        return self.kinds.account_of(source)
