"""One generation of the bus's rules: a platform and its contracts, compiled for the hot path."""

import logging
from collections.abc import Mapping

import msgspec

from keybus.bus.control.versions import Applied, Declared
from keybus.bus.forms.forms import Forms
from keybus.bus.forms.shape import Shape
from keybus.bus.ingest.admission import Admission, Mode
from keybus.bus.ingest.kinds import Kinds
from keybus.bus.ingest.router import Router
from keybus.bus.metering.violations import Violations
from keybus.bus.rules.beside import Beside
from keybus.bus.rules.receiving import Receiving
from keybus.clock import Clock
from keybus.contracts import ContractRepository
from keybus.governance.authorizer import Authorizer, Denied
from keybus.topology import Platform, Subscription

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
        beside: The subscriptions that were made by hand, by name: what rules send to their targets.
        subscriptions: All of both, by name.
        contracts: Its contracts.
        router: Which subscriptions an event matches.
        admission: Whether an event fits its contract.
        kinds: What is known of an event by its source and type.
        authorizer: Who may do what.
        forms: The majors of events, and what leads from one to another.
        shapes: What is delivered of an event, by the subscriptions that ask for less, or for a
            major of several.
    """

    def __init__(
        self,
        applied: Applied,
        contracts: ContractRepository,
        modes: Modes,
        violations: Violations,
        *,
        clock: Clock,
        beside: Mapping[str, Beside] | None = None,
        denied: Mapping[str, Denied] | None = None,
    ) -> None:
        self.applied = applied
        self.platform: Platform = applied.platform
        self.beside: Mapping[str, Beside] = beside or {}
        made = {name: each.subscription for name, each in self.beside.items()}
        self.subscriptions: Mapping[str, Subscription] = {**self.platform.subscriptions, **made}
        self.contracts = contracts
        self.forms = Forms(contracts)
        self.admission = Admission(self.platform, contracts, modes.admission, violations)
        self.authorizer = Authorizer(self.platform, contracts, made, denied)
        gates = {name: self.authorizer.gate(name) for name in made}
        enforced = modes.authorization == "enforce"
        self.router = Router(
            self.subscriptions,
            contracts,
            self.forms,
            beside=self.beside,
            receiving=Receiving(gates, clock.time_us) if enforced and gates else None,
        )
        self.shapes = {
            name: shape
            for name, subscription in self.subscriptions.items()
            if (shape := Shape.compile(subscription, contracts, self.forms)) is not None
        }
        self.kinds = Kinds(self.platform, self.admission, self.router)

    @property
    def declared(self) -> Declared:
        """What it was made of."""
        return Declared(self.platform, self.contracts)

    def account_of(self, source: str) -> str:
        """The name of the account whose publisher has the source; empty where none has."""
        return self.kinds.account_of(source)

    def warnings(self, subscription: str) -> list[str]:
        """What whoever consumes a subscription has to know of the majors that it asks for."""
        declared = self.subscriptions.get(subscription)
        refs = () if declared is None else declared.event_refs
        editions = (self.contracts.editions.at(ref.type, ref.major) for ref in refs)
        return [each.warning for each in editions if each is not None and each.warning]
