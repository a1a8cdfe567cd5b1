"""Migrations go to a running bus, hold there at once, and are pulled from it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.contracts.releases import Releases
from keybus.errors import KeybusError
from tests.integration.served import Served
from tests.unit.bus.registry.publishing import SOLD, files, moves, write
from tests.unit.contracts.small import TEXT

DOWN = "2-to-1.json"
Run = Callable[..., Result]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(write(tmp_path / "small"))
    yield served
    served.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for tests that leave it as it was."""
    served = Served(write(tmp_path_factory.mktemp("shared")))
    yield served
    served.close()


@pytest.fixture
def run(served: Served, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(token: str, *words: str, code: int = 0) -> Result:
        monkeypatch.setenv("KEYBUS_TOKEN", token)
        monkeypatch.setenv("KEYBUS_URL", served.url)
        found = CliRunner().invoke(contracts, [str(each) for each in words])
        if isinstance(found.exception, KeybusError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found

    return run


def release(folder: Path, version: str, **declared: Any) -> None:
    """Write a contract, and release it in its folder as well."""
    for name, text in files(SOLD, version, **declared).items():
        (folder / name).write_text(text)
    words = ("release", str(folder), "--yes", "--type", SOLD, "--by", "ada")
    assert CliRunner().invoke(contracts, words).exit_code == 0


def migration(folder: Path, text: str) -> None:
    place = folder / "migrations" / SOLD / DOWN
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def sold(number: int) -> dict[str, Any]:
    detail = {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "type": SOLD,
        "time": "2026-01-31T08:00:00.000Z",
        "publisher": {"name": "shop.till"},
        "schema_version": "2.0.0",
        "total": "7",
    }
    return {"entries": [{"source": "shop.till", "detail_type": SOLD, "detail": detail}]}


def test_a_major_and_its_migration_reach_whoever_stays_with_the_one_before(
    served: Served, run: Run, tmp_path: Path
) -> None:
    folder, shop = tmp_path / "small" / "contracts", served.token("shop", "publisher", "subscriber")
    own = (str(folder), "--type", SOLD, "--yes")
    release(folder, "1.0.0", amount=TEXT)
    run(shop, "publish", *own)
    applied = served.bus.generation.applied.version
    release(folder, "2.0.0", total=TEXT)
    migration(folder, moves())
    told = run(shop, "publish", *own, "--why", "two tills").output
    assert f"{SOLD} 2.0.0: active, sha256:" in told
    assert f"{SOLD} {DOWN}: of 2.0.0, sha256:" in told
    assert "nothing to publish" in run(shop, "publish", *own).output

    assert served.ask("POST", "/events", shop, sold(1))[0] == 200
    asked = {"wait": 20}
    status, found = served.ask("POST", "/subscriptions/shop-feed/receive", shop, asked)
    assert status == 200, found
    detail = found["deliveries"][0]["envelope"]["detail"]
    assert (detail["amount"], detail["schema_version"]) == ("7", "1.0.0")
    assert "total" not in detail
    assert served.bus.generation.applied.version == applied


@pytest.mark.long
def test_a_migration_alone_is_published_served_and_pulled(
    served: Served, run: Run, tmp_path: Path
) -> None:
    folder, shop = tmp_path / "small" / "contracts", served.token("shop", "publisher")
    for version, declared in (("1.0.0", {"amount": TEXT}), ("2.0.0", {"total": TEXT})):
        release(folder, version, **declared)
        run(shop, "publish", str(folder), "--type", SOLD, "--yes")
    migration(folder, moves())
    words = ("publish", str(folder), "--type", SOLD, "--yes")
    [row] = json.loads(run(shop, *words, "--json").output)
    assert (row["outcome"], row["migrations"][0]["name"]) == ("unchanged", DOWN)
    desk, tools = served.token("desk", "subscriber"), served.token("tools", "publisher")
    [listed] = served.ask("GET", f"/contracts/{SOLD}", desk)[1]["migrations"]
    place = f"/contracts/{SOLD}/migrations/{listed['digest']}"
    assert served.ask("GET", place, desk)[1]["text"] == moves()
    assert served.ask("GET", place, tools)[0] == 404
    nowhere = f"/contracts/{SOLD}/migrations/sha256:{'0' * 64}"
    assert served.ask("GET", nowhere, desk)[1]["code"] == "no-such-migration"

    out = tmp_path / "pulled"
    assert "3 new entries" in run(desk, "pull", "--type", SOLD, "--out", str(out)).output
    found = Releases.load(out / "releases")[SOLD]
    assert list(found.migrations) == [DOWN]
    assert moves() in {each.read_text() for each in out.rglob("objects/*/*.json")}


@pytest.mark.long
def test_what_is_told_only_in_public_has_no_migrations_of_what_is_not(served: Served) -> None:
    shop, tools = served.token("shop", "publisher"), served.token("tools", "publisher")
    for version, classification in (("1.1.0", "public"), ("2.0.0", "internal")):
        sent = {"files": files(SOLD, version, classification=classification)}
        assert served.ask("POST", f"/contracts/{SOLD}/releases", shop, sent)[0] == 201
    text = moves()
    sent = {"migrations": {DOWN: text}}
    status, made = served.ask("POST", f"/contracts/{SOLD}/migrations", shop, sent)
    assert (status, made["migrations"][0]["name"]) == (201, DOWN)
    detail = served.ask("GET", f"/contracts/{SOLD}", tools)[1]
    assert [each["version"] for each in detail["releases"]] == ["1.1.0"]
    assert detail["migrations"] == []
    place = f"/contracts/{SOLD}/migrations/{made['migrations'][0]['digest']}"
    assert served.ask("GET", place, tools)[0] == 404
    assert served.ask("GET", place, shop)[1]["text"] == text


@pytest.mark.long
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad-request"),
        ({}, 400, "bad-request"),
        (
            {"migrations": {f"{number}-to-1.json": "" for number in range(2, 23)}},
            400,
            "bad-request",
        ),
        ({"migrations": {DOWN: "[" * 100_000}}, 400, "broken-contracts"),
        ({"migrations": {DOWN: "{}"}, "unknown": 1}, 400, "bad-request"),
        (b'{"migrations": {"2-to-1.json": "' + b" " * (4 << 20) + b'"}}', 413, "too-large"),
    ],
    ids=["no-json", "nothing", "many", "deep", "unknown", "large"],
)
def test_hostile_bodies(shared: Served, body: Any, status: int, code: str) -> None:
    shop = shared.token("shop", "publisher")
    found, told = shared.ask("POST", f"/contracts/{SOLD}/migrations", shop, body)
    assert (found, told["code"]) == (status, code), told
