"""Judges every field of a pattern in every kind of event that the pattern is for.

Sets of kinds are bits of a number: a pattern may have a thousand alternatives, and a bus hundreds
of contracts.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

from keybus.contracts.pattern_lint.findings import Allowed
from keybus.contracts.pattern_lint.kinds import EventKind, Verdict
from keybus.contracts.pattern_lint.structure import Alternative, Site

EVENT_TYPE = "detail-type"
SOURCE = "source"


class JudgedField:
    """A field, in the kinds of events that reach it.

    Attributes:
        site: Where it stands in the pattern.
        kinds: The kinds that its alternatives leave by type and source; all where they leave none.
        verdicts: One for each of them.
        meant: Whether the caller allows it to be undeclared.
    """

    def __init__(
        self, site: Site, kinds: Sequence[EventKind], verdicts: Sequence[Verdict], *, meant: bool
    ) -> None:
        self.site = site
        self.kinds = tuple(kinds)
        self.verdicts = tuple(verdicts)
        self.meant = meant

    @property
    def event_types(self) -> tuple[str, ...]:
        """The types of these kinds."""
        return tuple(kind.type for kind in self.kinds if kind.type)

    @property
    def is_leaf(self) -> bool:
        """Whether anything that patterns look at may stand there, as far as it is declared."""
        undeclared = self.meant and any(verdict.reach.undeclared for verdict in self.verdicts)
        return undeclared or any(verdict.reach.declared for verdict in self.verdicts)

    @property
    def overridable(self) -> bool:
        """Whether a field that is not declared could stand there in some of the kinds."""
        return any(verdict.reach.undeclared for verdict in self.verdicts)

    @property
    def always(self) -> bool:
        """Whether every event of every kind matches."""
        return all(verdict.always for verdict in self.verdicts)

    @cached_property
    def dead(self) -> tuple[int, ...]:
        """Indexes of the values that can never match."""
        return tuple(
            index
            for index in range(len(self.site.operators))
            if not any(_may(verdict, meant=self.meant)[index] for verdict in self.verdicts)
        )

    @cached_property
    def unlisted(self) -> tuple[int, ...]:
        """Indexes of the values that match only what extensible lists do not have yet."""
        return tuple(
            index
            for index in range(len(self.site.operators))
            if index not in self.dead
            and any(verdict.unlisted and verdict.unlisted[index] for verdict in self.verdicts)
            and not any(_has(verdict, meant=self.meant)[index] for verdict in self.verdicts)
        )

    @property
    def hopeless(self) -> bool:
        """Whether none of its values can match."""
        return len(self.dead) == len(self.site.operators)


class Judgement:
    """A pattern, judged over some kinds of events.

    Attributes:
        fields: Every field of the pattern, once for each place where it stands.
    """

    def __init__(
        self, alternatives: Sequence[Alternative], kinds: Sequence[EventKind], allowed: Allowed
    ) -> None:
        self._alternatives = alternatives
        self._kinds = kinds
        self._allowed = allowed
        self._verdicts: dict[tuple[Site, int], Verdict] = {}
        self._masks: dict[tuple[Site, bool], tuple[int, int]] = {}  # which were asked, and can
        self._everything = (1 << len(kinds)) - 1
        self._scopes = [self._scope(one, EVENT_TYPE, SOURCE) for one in alternatives]
        self.fields = list(self._fields())

    def contradictions(self) -> Iterator[tuple[str, tuple[Site, ...], bool]]:
        """What is dead only because no kind of event satisfies all fields of it.

        Yields:
            The pointer of a ``$or`` branch, or of the whole pattern; the fields of one
            alternative within it; whether fields that are not declared could satisfy them.
        """
        living, mixed = self._living_and_mixed()
        told: set[str] = set()
        for alternative in mixed:
            trail = ("", *alternative.branches)
            pointer = next((place for place in trail if place not in living), None)
            if pointer is not None and pointer not in told:
                told.add(pointer)
                open_ = self._left(alternative, self._everything, undeclared=True)
                yield pointer, alternative.sites, bool(open_)

    def kinds_of(self, site: Site) -> tuple[EventKind, ...]:
        """The kinds of events that can satisfy a field."""
        mask = self._mask(site, self._everything)
        return tuple(kind for index, kind in enumerate(self._kinds) if mask >> index & 1)

    def _living_and_mixed(self) -> tuple[set[str], list[Alternative]]:
        """The places that something alive goes through, and what is dead without a dead field."""
        hopeless = {field.site for field in self.fields if field.hopeless}
        living: set[str] = set()
        mixed = []
        for alternative, scope in zip(self._alternatives, self._scopes, strict=True):
            if self._left(alternative, scope):
                living |= {"", *alternative.branches}
            elif hopeless.isdisjoint(alternative.sites):
                mixed.append(alternative)
            else:
                living.add("")  # the field's own finding says so
        return living, mixed

    def _fields(self) -> Iterator[JudgedField]:
        scopes: dict[Site, int] = {}
        for alternative, scope in zip(self._alternatives, self._scopes, strict=True):
            for site in alternative.sites:
                reaches = scope
                if site.path == EVENT_TYPE:
                    reaches = self._everything
                elif site.path == SOURCE:
                    reaches = self._scope(alternative, EVENT_TYPE)
                scopes[site] = scopes.get(site, 0) | reaches
        for site, scope in scopes.items():
            indexes = [i for i in range(len(self._kinds)) if (scope or self._everything) >> i & 1]
            kinds = [self._kinds[index] for index in indexes]
            verdicts = [self._verdict(site, index) for index in indexes]
            meant = self._allowed.undeclared(site.path)
            yield JudgedField(site, kinds, verdicts, meant=meant)

    def _scope(self, alternative: Alternative, *paths: str) -> int:
        """The kinds that an alternative leaves by these fields of the envelope."""
        mask = self._everything
        for site in alternative.sites:
            if site.path in paths:
                mask = self._mask(site, mask)
        return mask

    def _left(self, alternative: Alternative, mask: int, *, undeclared: bool = False) -> int:
        for site in alternative.sites:
            mask = self._mask(site, mask, undeclared=undeclared)
        return mask

    def _mask(self, site: Site, mask: int, *, undeclared: bool = False) -> int:
        """Those of some kinds that can satisfy a field."""
        meant = undeclared or self._allowed.undeclared(site.path)
        asked, left = self._masks.get((site, meant), (0, 0))
        missing = mask & ~asked
        while missing:
            bit = missing & -missing
            missing ^= bit
            if any(_may(self._verdict(site, bit.bit_length() - 1), meant=meant)):
                left |= bit
        self._masks[site, meant] = asked | mask, left
        return left & mask

    def _verdict(self, site: Site, index: int) -> Verdict:
        key = (site, index)
        if key not in self._verdicts:
            self._verdicts[key] = self._kinds[index].judge(site.path, site.operators)
        return self._verdicts[key]


def _has(verdict: Verdict, *, meant: bool) -> tuple[bool, ...]:
    """For each operator, whether it can match what is listed, or is not of an extensible list."""
    may = _may(verdict, meant=meant)
    return tuple(
        a and not b for a, b in zip(may, verdict.unlisted or (False,) * len(may), strict=True)
    )


def _may(verdict: Verdict, *, meant: bool) -> tuple[bool, ...]:
    return verdict.open if meant else verdict.declared
