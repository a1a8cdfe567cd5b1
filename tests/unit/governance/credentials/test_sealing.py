import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.errors import CredentialError, SettingsError
from keybus.governance.credentials.sealing import SealingKeys, new_key, write_key
from keybus.governance.credentials.vault import Sealed

A, B = b"a" * 32, b"b" * 32


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


@given(secret=st.text(max_size=50), bound_to=st.text(max_size=50))
def test_what_is_sealed_opens_for_what_it_belongs_to(secret: str, bound_to: str) -> None:
    keys = SealingKeys([A])
    sealed = keys.seal(secret, bound_to)
    assert keys.open(sealed, bound_to) == secret
    with pytest.raises(CredentialError, match="belongs to another"):
        keys.open(sealed, bound_to + "x")


def test_sealing_twice_gives_nothing_to_compare() -> None:
    keys = SealingKeys([A])
    assert keys.seal("secret", "x") != keys.seal("secret", "x")


@given(place=st.integers(0, 33))
def test_a_changed_byte_is_found(place: int) -> None:
    keys = SealingKeys([A])
    sealed = keys.seal("secret", "x")
    data = bytearray(sealed.data)
    data[place] ^= 1
    with pytest.raises(CredentialError):
        keys.open(Sealed(sealed.key_id, bytes(data)), "x")


def test_another_key_says_so_by_its_name() -> None:
    sealed = SealingKeys([A]).seal("secret", "x")
    with pytest.raises(CredentialError, match=f"{sealed.key_id}, which is not here"):
        SealingKeys([B]).open(sealed, "x")
    assert SealingKeys([B, A]).open(sealed, "x") == "secret"
    assert SealingKeys([B, A]).seal("secret", "x").key_id == SealingKeys([B]).current


def test_keys_come_from_the_environment(tmp_path: Path) -> None:
    assert SealingKeys.from_environment({}) is None
    given = SealingKeys.from_environment(
        {"KEYBUS_SEALING_KEY": text(B), "KEYBUS_SEALING_KEYS_OLD": text(A)}
    )
    assert given is not None
    assert given.current == SealingKeys([B]).current
    assert given.open(SealingKeys([A]).seal("s", ""), "") == "s"
    file = tmp_path / "keys"
    file.write_text(f"{text(B)}\n{text(A)}\n")
    file.chmod(0o600)
    read = SealingKeys.from_environment({"KEYBUS_SEALING_KEY_FILE": str(file)})
    assert read is not None
    assert read.open(SealingKeys([A]).seal("s", ""), "") == "s"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text(new_key())
    file.chmod(mode)
    with pytest.raises(SettingsError, match="chmod 600"):
        SealingKeys.from_environment({"KEYBUS_SEALING_KEY_FILE": str(file)})


@pytest.mark.parametrize("wrong", ["short", text(A)[:-4], text(A) + "AAAA", "é"])
def test_what_is_no_key_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(SettingsError, match="base64 of 32 bytes") as caught:
        SealingKeys.from_environment({"KEYBUS_SEALING_KEY": wrong})
    assert wrong not in str(caught.value)


def test_settings_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    environ = {"KEYBUS_SEALING_KEY": text(A), "KEYBUS_SEALING_KEY_FILE": str(tmp_path)}
    with pytest.raises(SettingsError, match="both set"):
        SealingKeys.from_environment(environ)
    with pytest.raises(SettingsError, match="absent"):
        SealingKeys.from_environment({"KEYBUS_SEALING_KEY_FILE": str(tmp_path / "absent")})


def test_a_new_key_is_its_owners_and_replaces_none(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_key(tmp_path / "key")
    finally:
        os.umask(old)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert SealingKeys.from_environment({"KEYBUS_SEALING_KEY_FILE": str(tmp_path / "key")})
    with pytest.raises(SettingsError, match="must not be lost"):
        write_key(tmp_path / "key")


def test_keys_are_in_no_text() -> None:
    assert "a" * 8 not in repr(SealingKeys([A]))
