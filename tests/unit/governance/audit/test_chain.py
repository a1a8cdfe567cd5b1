"""The chain's edges: heads, anchors, seals, bounds; and refusals counted together."""

import msgspec
import pytest
from msgspec.structs import replace

from keybus.errors import AuditError, SettingsError
from keybus.governance.audit import (
    GENESIS,
    Act,
    Actor,
    Anchor,
    AuditKey,
    Chain,
    Head,
    Refusals,
    as_kept,
    audit_key,
    chained,
    head_line,
    read_entry,
    read_head,
    split_head,
    verify,
)
from keybus.governance.audit.chain import MOST_DAMAGES
from keybus.governance.audit.refusals import (
    MOST_ACCOUNTS,
    MOST_KINDS,
    MOST_KINDS_OF_ACCOUNT,
    OVERFLOW,
)
from tests.unit.governance.audit.chains import KEY, OTHER_KEY, act, chain, head, texts


def test_an_entry_is_its_bytes() -> None:
    [entry] = chain(1, KEY)
    assert entry.previous == GENESIS
    assert read_entry(entry.encode()) == entry
    pretty = msgspec.json.format(entry.encode())
    for other in (pretty, entry.encode() + b" ", b"", b"{}", b"\xff", b"[" * 100_000):
        with pytest.raises(ValueError, match=r"cannot be read|not those that were written"):
            read_entry(other)


def test_data_is_plain_bounded_and_never_refused() -> None:
    loop: dict[str, object] = {}
    loop["in"] = loop
    for data in ({"large": "x" * 100_000}, {"odd": "\ud800", "\udfff": [float("nan")]}, loop):
        entry = chained(
            Act(Actor("a" * 9_999), "x", "\ud800", data),
            sequence=1,
            time_us=0,
            previous=GENESIS,
            key=None,
        )
        assert len(entry.encode()) < 3_000
        assert verify([entry.encode()], head=head([entry])).ok


def test_without_the_key_a_forged_log_is_consistent_and_with_it_it_is_not() -> None:
    true, forged = chain(3, KEY), chain(3, OTHER_KEY, salt=1)
    assert verify(forged, head=head(forged, OTHER_KEY)).ok
    found = verify(forged, head=head(forged, OTHER_KEY), key=KEY)
    assert {damage.sequence for damage in found.damages} == {1, 2, 3}
    unsealed = chain(3, salt=1)
    assert verify(unsealed, head=head(unsealed)).ok
    found = verify(unsealed, head=head(unsealed), key=KEY)
    assert [damage.code for damage in found.damages] == ["audit-unsealed", "audit-head"]
    assert verify(true, head=head(true, KEY), key=KEY).ok


def test_older_keys_still_check() -> None:
    both = audit_key(b"n" * 32, b"o" * 32)
    old = chain(2, audit_key(b"o" * 32))
    new = chained(act(3), sequence=3, time_us=0, previous=old[-1].hash, key=both)
    entries = [*old, new]
    assert verify(entries, head=head(entries, both), key=both).ok
    assert not verify(entries, head=head(entries, both), key=audit_key(b"o" * 32)).ok
    assert "oooo" not in repr(both)
    assert AuditKey(b"o" * 32).seal(b"") != audit_key(b"o" * 32).seal(b"")


def test_a_log_may_begin_to_be_sealed_and_never_cease() -> None:
    first = chain(2)
    sealed = chained(act(3), sequence=3, time_us=0, previous=first[-1].hash, key=KEY)
    begun = [*first, sealed]
    assert verify(begun, head=head(begun, KEY), key=KEY).ok
    ceased = chained(act(4), sequence=4, time_us=0, previous=sealed.hash, key=None)
    entries = [*begun, ceased]
    for key in (None, KEY):
        found = verify(entries, head=head(entries, KEY), key=key)
        assert [(d.sequence, d.code) for d in found.damages] == [(4, "audit-unsealed")]


def test_the_head() -> None:
    entries = chain(5, KEY)
    kept = head(entries, KEY)
    assert read_head(kept.encode()) == kept
    with pytest.raises(ValueError, match="cannot be read"):
        read_head(b"{")
    with pytest.raises(ValueError, match="not those"):
        read_head(kept.encode() + b"\n")
    assert verify([], head=None).ok
    for given, code, place in (
        (None, "audit-head", 6),
        (replace(kept, hash="a" * 64), "audit-rewritten", 5),
        (replace(kept, count=7), "audit-truncated", 6),
        (head(entries[:3], KEY), "audit-appended", 4),
    ):
        found = verify(entries, head=given)
        assert [(d.sequence, d.code) for d in found.damages] == [(place, code)]
    crashed = verify(entries, head=head(entries[:3], KEY), key=KEY, open_end=True)
    assert crashed.ok
    assert crashed.beyond_head == 2
    forged = replace(kept, seal="a" * 64)
    assert [d.code for d in verify(entries, head=forged, key=KEY).damages] == ["audit-head"]


def test_anchors() -> None:
    entries = chain(5)
    anchor = Anchor.parse(str(head(entries[:3])))
    assert anchor == Anchor(3, entries[2].hash)
    assert verify(entries, head=head(entries), anchors=[anchor]).ok
    cut = entries[:2]
    found = verify(cut, head=head(cut), anchors=[anchor])
    assert [(d.sequence, d.code) for d in found.damages] == [(3, "audit-truncated")]
    for text in ("", "3", "0:" + "a" * 64, "3:" + "A" * 64, f"3:{'a' * 65}", "x:" + "a" * 64):
        with pytest.raises(SettingsError, match="no anchor"):
            Anchor.parse(text)


def test_documents_have_their_places() -> None:
    one, two, three, four = texts(chain(4))
    walk = Chain()
    for place, text in ((1, one), (2, three), (3, two), (4, four)):
        walk.take(text, place)
    walk.stray("00017")
    found = walk.finish(head(chain(4)))
    assert [(d.sequence, d.code) for d in found.damages] == [
        (0, "audit-stray"),
        (2, "audit-misplaced"),
        (3, "audit-misplaced"),
    ]


def test_a_replaced_entry_that_comes_late_does_not_pass_for_the_true_one() -> None:
    one, two, three, four, five = chain(5)
    forged = chain(5, salt=1)[2]
    found = verify([one, two, four, three, five], head=head(chain(5)))
    assert [(d.sequence, d.code) for d in found.damages] == [(3, "audit-misplaced")]
    found = verify([one, two, four, forged, five], head=head(chain(5)))
    assert [(d.sequence, d.code) for d in found.damages] == [
        (3, "audit-misplaced"),
        (3, "audit-broken-link"),
    ]


def test_damages_are_bounded_and_all_are_counted() -> None:
    found = verify([b"nonsense"] * (MOST_DAMAGES + 5), head=Head(MOST_DAMAGES + 5, "a" * 64))
    assert len(found.damages) == MOST_DAMAGES
    assert found.more == 5
    with pytest.raises(AuditError, match="entry 1: cannot be read") as caught:
        found.check()
    assert caught.value.faults[0].pointer == "/1"


def test_an_exported_log_is_its_lines() -> None:
    entries = chain(3)
    lines = [text + b"\n" for text in texts(entries)] + [head_line(head(entries))]
    *read, last = split_head(lines)
    assert read == texts(entries)
    assert last == head(entries)
    assert list(split_head(lines[:2])) == texts(entries)[:2]  # cut off: there is no head
    assert list(split_head([b'{"head":{}}'])) == [b'{"head":{}}']  # not as it was written
    damaged = bytes(as_kept(2, b'{"a":\n1}'))
    assert b"\n" not in damaged
    found = verify([texts(entries)[0], damaged, texts(entries)[2]], head=head(entries))
    assert [(d.sequence, d.code) for d in found.damages] == [(2, "audit-unreadable")]


def test_equal_refusals_are_counted_together() -> None:
    refusals = Refusals()
    mallory = Actor("mallory", "cred-1")

    def refuse(now: int, subject: str = "order.placed") -> Act | None:
        return refusals.count(mallory, "exchange.refused", subject, "no-grant", "no", now=now)

    first = refuse(1)
    assert first is not None
    assert first.data == {"code": "no-grant", "message": "no", "count": 1}
    assert [refuse(now) for now in range(2, 100)] == [None] * 98
    assert refuse(100, "order.paid") is not None
    [rest] = refusals.close()
    assert (rest.subject, rest.data["count"]) == ("order.placed", 98)
    assert (rest.data["since_us"], rest.data["until_us"]) == (1, 99)
    assert list(refusals.close()) == []
    assert refuse(101) is not None  # a new window


def test_refusals_are_bounded_whatever_is_asked() -> None:
    refusals = Refusals()
    written = 0
    for account in range(200):
        for subject in range(20):
            told = refusals.count(
                Actor(f"a{account}"),
                "exchange.refused",
                "s" * 9_999 + str(subject),
                "role",
                "",
                now=0,
            )
            written += told is not None
    assert written <= MOST_KINDS
    refusals = Refusals()
    asked = 4_000
    one_account = [
        refusals.count(Actor("m"), "exchange.refused", str(each), "role", "", now=0)
        for each in range(asked)
    ]
    assert sum(each is not None for each in one_account) == MOST_KINDS_OF_ACCOUNT
    for account in range(1_000):
        refusals.drop(f"other{account}")
    [overflow] = refusals.close()
    assert overflow.action == OVERFLOW
    assert overflow.data["refusals"] == asked - MOST_KINDS_OF_ACCOUNT + 1_000
    assert len(overflow.data["accounts"]) == MOST_ACCOUNTS
    assert overflow.data["accounts"]["m"] == asked - MOST_KINDS_OF_ACCOUNT
