"""The laws of the chain: what is benign verifies, and every single change is found in its place."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keybus.governance.audit import (
    Act,
    Actor,
    Anchor,
    AuditEntry,
    AuditKey,
    Verification,
    read_entry,
    verify,
)
from tests.unit.governance.audit.chains import KEY, chain, head, texts

texts_of_any_kind = st.text(st.characters(), max_size=20)  # surrogates as well
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts_of_any_kind,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts_of_any_kind, inner, max_size=3)
    ),
    max_leaves=8,
)
acts = st.builds(
    Act,
    st.builds(Actor, texts_of_any_kind, texts_of_any_kind),
    texts_of_any_kind,
    texts_of_any_kind,
    st.dictionaries(texts_of_any_kind, plain, max_size=3),
)
keys = st.sampled_from([None, KEY])


@given(st.lists(acts, max_size=8), keys, keys)
def test_what_was_written_verifies(
    what: list[Act], key: AuditKey | None, checking: AuditKey | None
) -> None:
    entries = chain(len(what), key, what)
    for form in (entries, texts(entries)):
        found = verify(form, head=head(entries, key), key=checking if key else None)
        assert found.damages == ()
        assert (found.entries, found.last) == (len(what), len(what))
        assert found.sealed == (len(what) if key else 0)
    assert [read_entry(text) for text in texts(entries)] == entries


@given(st.data(), keys, keys)
def test_any_byte_that_is_changed_is_found_in_its_entry(
    data: st.DataObject, key: AuditKey | None, checking: AuditKey | None
) -> None:
    entries = chain(data.draw(st.integers(1, 7)), key)
    kept = texts(entries)
    at = data.draw(st.integers(0, len(kept) - 1))
    changed = bytearray(kept[at])
    place = data.draw(st.integers(0, len(changed) - 1))
    how = data.draw(st.sampled_from(["change", "insert", "delete"]))
    if how == "change":
        changed[place] ^= data.draw(st.integers(1, 255))
    elif how == "insert":
        changed.insert(place, data.draw(st.integers(0, 255)))
    else:
        del changed[place]
    if bytes(changed) == kept[at]:  # one byte inserted beside its like, and so on
        return
    kept[at] = bytes(changed)
    found = verify(kept, head=head(entries, key), key=checking if key else None)
    assert places(found) == {at + 1}
    assert {damage.code for damage in found.damages} <= {"audit-unreadable", "audit-changed"}


@given(st.data(), keys)
def test_any_field_that_is_changed_is_found_even_with_a_new_hash(
    data: st.DataObject, key: AuditKey | None
) -> None:
    entries = chain(data.draw(st.integers(2, 7)), key)
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(
        st.sampled_from(["time_us", "actor", "action", "subject", "data", "previous", "seal"])
    )
    other = {
        "time_us": 7,
        "actor": Actor("someone", "else"),
        "action": "grant.removed",
        "subject": "/grants/other",
        "data": {"n": "other"},
        "previous": "a" * 64,
        "seal": "b" * 64,
    }
    forged = replace(entries[at], **{field: other[field]})
    forged = replace(forged, hash=forged.digest)
    kept = [*entries[:at], forged, *entries[at + 1 :]]
    found = verify(kept, head=head(entries, key), key=key)
    assert not found.ok
    # Where only the links tell, a changed link names the entry before it as well.
    if key is not None or field != "previous":
        assert at + 1 in places(found)
    assert places(found) <= {at, at + 1} | ({at + 2} if field == "seal" else set())


@given(st.data(), keys)
def test_entries_that_are_removed_are_found(data: st.DataObject, key: AuditKey | None) -> None:
    entries = chain(data.draw(st.integers(1, 9)), key)
    at = data.draw(st.integers(0, len(entries) - 1))
    until = data.draw(st.integers(at + 1, len(entries)))
    kept = entries[:at] + entries[until:]
    found = verify(kept, head=head(entries, key), key=key if kept else None)
    at_end = until == len(entries)
    assert [(damage.sequence, damage.code) for damage in found.damages] == [
        (at + 1, "audit-truncated" if at_end else "audit-missing")
    ]


@given(st.data(), keys)
def test_an_entry_that_is_moved_is_found(data: st.DataObject, key: AuditKey | None) -> None:
    entries = chain(data.draw(st.integers(2, 9)), key)
    source = data.draw(st.integers(0, len(entries) - 1))
    target = data.draw(st.integers(0, len(entries) - 1).filter(lambda place: place != source))
    kept = entries[:]
    kept.insert(target, kept.pop(source))
    found = verify(kept, head=head(entries, key), key=key)
    low, high = sorted((source, target))
    assert not found.ok
    assert places(found) <= set(range(low + 1, high + 2))
    assert "audit-misplaced" in {damage.code for damage in found.damages}


@given(st.data(), keys)
def test_an_entry_that_stands_twice_is_found(data: st.DataObject, key: AuditKey | None) -> None:
    entries = chain(data.draw(st.integers(1, 9)), key)
    at = data.draw(st.integers(0, len(entries) - 1))
    where = data.draw(st.integers(at + 1, len(entries)))
    kept = [*entries[:where], entries[at], *entries[where:]]
    found = verify(kept, head=head(entries, key), key=key)
    assert [(each.sequence, each.code) for each in found.damages] == [(at + 1, "audit-duplicate")]


@given(st.data(), keys)
def test_an_entry_that_is_slipped_in_is_found(data: st.DataObject, key: AuditKey | None) -> None:
    entries = chain(data.draw(st.integers(2, 7)), key)
    forged = chain(len(entries), key, salt=1)
    at = data.draw(st.integers(0, len(entries) - 1))
    kept = [*entries[: at + 1], forged[at], *entries[at + 1 :]]
    found = verify(kept, head=head(entries, key), key=key)
    assert [(each.sequence, each.code) for each in found.damages] == [(at + 1, "audit-inserted")]


@given(st.data())
def test_a_log_that_is_rewritten_from_somewhere_on_is_found(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 8))
    entries = chain(count)
    at = data.draw(st.integers(0, count - 1))
    kept = entries[:at]
    for entry in entries[at:]:  # the same acts but for one, chained anew by whoever can write
        previous = kept[-1].hash if kept else entry.previous
        forged = replace(entry, previous=previous, data={"n": "forged"})
        kept.append(replace(forged, hash=forged.digest))
    own_head = head(kept)
    assert verify(kept, head=own_head).ok  # nothing within the log can tell
    against_head = verify(kept, head=head(entries))
    assert places(against_head) == {count}
    from_elsewhere = verify(kept, head=own_head, anchors=[anchor_of(entries[at])])
    assert [(d.sequence, d.code) for d in from_elsewhere.damages] == [(at + 1, "audit-rewritten")]


@given(st.data(), keys)
def test_a_log_that_is_cut_off_at_an_end_that_it_had_once_is_found_by_an_anchor_alone(
    data: st.DataObject, key: AuditKey | None
) -> None:
    entries = chain(data.draw(st.integers(1, 8)), key)
    kept = entries[: data.draw(st.integers(0, len(entries) - 1))]
    old_head = head(kept, key)  # as it was written then, and kept by whoever cut the log off
    assert verify(kept, head=old_head, key=key).ok
    [damage] = verify(kept, head=old_head, key=key, anchors=[anchor_of(entries[-1])]).damages
    assert (damage.sequence, damage.code) == (len(entries), "audit-truncated")


def places(found: Verification) -> set[int]:
    return {damage.sequence for damage in found.damages}


def anchor_of(entry: AuditEntry) -> Anchor:
    return Anchor(entry.sequence, entry.hash)
