"""What of an event a subscription is given: in the major that it asks for, and what it names of it."""

from collections import Counter
from collections.abc import Mapping

from keybus.bus.forms.forms import Forms
from keybus.contracts import ContractRepository
from keybus.topology import EventRef, Subscription
from keybus.topology.projection import Projection


class Shape:
    """How a subscription is given events. Belongs to one event loop.

    Args:
        asked: The majors that it asks for, by type, where there are several; of other types it gets
            what comes.
        forms: What translates.
        cuts: What of an event is given.
    """

    def __init__(self, asked: Mapping[str, list[int]], forms: Forms, cuts: "Cuts | None") -> None:
        self._asked, self._forms, self._cuts = asked, forms, cuts

    @classmethod
    def compile(
        cls, subscription: Subscription, contracts: ContractRepository, forms: Forms
    ) -> "Shape | None":
        """The shape of a subscription's events; None where it gets them as they come.

        Args:
            subscription: A sound one.
            contracts: All contracts.
            forms: What translates.
        """
        refs = subscription.event_refs
        asked: dict[str, list[int]] = {}
        for ref in refs:
            if len(contracts.editions.get(ref.type, ())) > 1:
                asked.setdefault(ref.type, []).append(ref.major)
        cuts = Cuts(subscription, contracts, forms) if subscription.fields else None
        return cls(asked, forms, cuts) if asked or cuts else None

    @property
    def is_whole(self) -> bool:
        """Whether nothing of an event is left out."""
        return self._cuts is None

    def major_in(self, envelope: bytes) -> int:
        """The major of an event in the form in which it is."""
        return self._forms.ref_in(envelope).major

    def translate(self, envelope: bytes) -> bytes:
        """An event in the major that is asked for, whole.

        Raises:
            Untranslatable: It cannot be brought into it.
        """
        if not self._asked:
            return envelope
        found = self._forms.ref_in(envelope)
        asked = self._asked.get(found.type)
        if asked is None:
            return envelope
        major = self._forms.chosen(found, asked)
        # What it asked for when the event came may be something else than now.
        return self._forms.translated(envelope, found, asked[-1] if major is None else major)

    def apply(self, envelope: bytes) -> bytes:
        """An event as it is delivered.

        Args:
            envelope: The envelope's JSON, as the bus keeps it.

        Raises:
            Untranslatable: It cannot be brought into the major that is asked for.
        """
        whole = self.translate(envelope)
        return whole if self._cuts is None else self._cuts.apply(whole)


class Cuts:
    """A subscription's ``fields``, for each major that it may get.

    Args:
        subscription: A sound one, with fields.
        contracts: All contracts.
        forms: What says of which major an event is.
    """

    def __init__(
        self, subscription: Subscription, contracts: ContractRepository, forms: Forms
    ) -> None:
        self._forms = forms
        refs = list(subscription.event_refs) or [
            EventRef(event_type, major)
            for event_type, majors in contracts.editions.items()
            for major in majors
        ]
        found = {ref: contracts.at(ref.type, ref.major) for ref in refs}
        several = Counter(ref.type for ref in refs)
        self._by_ref = {
            ref: Projection.compile(subscription, {ref.type: contract})
            for ref, contract in found.items()
            if contract is not None and several[ref.type] > 1
        }
        pinned = {ref.type: contract for ref, contract in found.items() if contract is not None}
        self._otherwise = Projection.compile(subscription, {**contracts, **pinned})

    def apply(self, envelope: bytes) -> bytes:
        """What is left of an event."""
        cut = self._otherwise
        if self._by_ref:
            cut = self._by_ref.get(self._forms.ref_in(envelope), cut)
        return cut.apply(envelope)
