"""An account's quota: declared, refused where it is none, and asked of the footing."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.errors import TopologyError
from keybus.topology import load_platform
from keybus.topology.footings import lacking
from keybus.topology.model import Platform, Quota

TEXT = """\
bus: tiny
accounts:
  me: {id: "222222222222", quota: QUOTA}
"""


def load(folder: Path, example: Path, quota: str) -> Platform:
    (folder / "contracts").symlink_to(example / "contracts")
    (folder / "platform.yaml").write_text(TEXT.replace("QUOTA", quota))
    return load_platform(folder)[0]


@pytest.mark.parametrize(
    ("quota", "meant"),
    [
        ("{events_per_second: 10}", Quota(events_per_second=10)),
        ("{bytes_per_second: 1000}", Quota(bytes_per_second=1000)),
        ("{}", Quota()),
    ],
)
def test_a_quota_is_what_it_says(tmp_path: Path, example: Path, quota: str, meant: Quota) -> None:
    found = load(tmp_path, example, quota).accounts["me"].quota
    assert found == meant
    assert found.is_declared is (quota != "{}")


@pytest.mark.parametrize(
    ("quota", "pointer"),
    [
        ("{events_per_second: 0}", "/accounts/me/quota/events_per_second"),
        ("{bytes_per_second: many}", "/accounts/me/quota/bytes_per_second"),
        ("{events: 1}", "/accounts/me/quota/events"),
    ],
)
def test_what_is_no_quota_is_a_fault(
    tmp_path: Path, example: Path, quota: str, pointer: str
) -> None:
    with pytest.raises(TopologyError) as told:
        load(tmp_path, example, quota)
    [fault] = told.value.faults
    assert (fault.pointer, fault.line) == (pointer, 3)


def test_a_footing_without_quotas_is_named() -> None:
    account: dict[str, Any] = {"id": "222222222222", "quota": {"events_per_second": 1}}
    data = {"bus": "tiny", "accounts": {"a/b": account}}
    assert lacking(msgspec.convert(data, Platform)) == []
    _, lack = lacking(msgspec.convert(data | {"footing": "aws"}, Platform))
    assert (lack.capability, lack.pointer) == ("quota", "/accounts/a~1b/quota")
