"""The registry over HTTP and from the command line, on a closed bus and on one that is open."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.contracts.releases import Releases
from keybus.errors import ContractError, Forbidden, KeybusError
from tests.integration.served import Served
from tests.unit.bus.registry.publishing import SOLD, USED, files, write
from tests.unit.contracts.small import TEXT

NUMBER = {"type": "integer"}
RELEASES = f"/contracts/{SOLD}/releases"
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
def opened(tmp_path: Path) -> Iterator[Served]:
    served = Served(write(tmp_path / "small"), is_open=True)
    yield served
    served.close()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(served: Served, token: str, *words: str, code: int = 0) -> Result:
        monkeypatch.setenv("KEYBUS_TOKEN", token)
        monkeypatch.setenv("KEYBUS_URL", served.url)
        found = CliRunner().invoke(contracts, [str(each) for each in words])
        if isinstance(found.exception, KeybusError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found

    return run


def sent(version: str = "1.0.0", **declared: Any) -> dict[str, Any]:
    return {"files": files(SOLD, version, **declared), "why": "because"}


def edit(folder: Path, version: str, **declared: Any) -> None:
    for name, text in files(SOLD, version, **declared).items():
        (folder / "contracts" / name).write_text(text)


def test_over_http(served: Served) -> None:
    shop, desk = served.token("shop", "publisher"), served.token("desk", "subscriber")
    status, made = served.ask("POST", RELEASES, shop, sent())
    assert (status, made["outcome"], made["status"]) == (201, "released", "active")
    assert served.ask("POST", RELEASES, shop, sent())[0] == 200
    status, waits = served.ask("POST", RELEASES, shop, sent("2.0.0", amount=NUMBER))
    assert (status, waits["outcome"]) == (202, "pending")
    assert served.ask("GET", "/contract-proposals", desk) == (200, [])
    [listed] = served.ask("GET", "/contract-proposals", shop)[1]
    place = f"/contract-proposals/{listed['id']}"
    assert served.ask("GET", place, shop)[1]["content"]["contract"] == "ShopSold.json"
    assert served.ask("GET", place, desk)[1]["code"] == "no-such-proposal"
    assert served.ask("POST", f"{place}/approve", shop)[1]["code"] == "forbidden"
    other = served.token("shop", "publisher")
    assert served.ask("POST", f"{place}/approve", other, {"why": "fine"})[0] == 201
    detail = served.ask("GET", f"/contracts/{SOLD}", desk)[1]
    assert [each["version"] for each in detail["releases"]] == ["1.0.0", "2.0.0"]
    assert detail["contract"]["version"] == "2.0.0"
    for named in ("1.0.0", made["digest"]):
        found = served.ask("GET", f"{RELEASES}/{named}", desk)[1]
        assert found["release"]["digest"] == made["digest"]
        assert sorted(found["content"]["closure"]) == ["ShopSold.json", "core/Event.json"]
    ledger = served.ask("GET", f"/contracts/{SOLD}/ledger", desk)[1]
    assert [each["version"] for each in ledger["entries"]] == ["1.0.0", "2.0.0"]
    change = {"release": "1", "status": "deprecated"}
    assert served.ask("POST", f"/contracts/{SOLD}/status", shop, change)[0] == 422
    change |= {"replaced_by": f"{SOLD}@2", "sunset": "2031-01-31"}
    answer = served.ask("POST", f"/contracts/{SOLD}/status", shop, change)
    assert answer[1]["releases"][0]["status"] == "deprecated"


def test_nothing_is_told_of_what_others_own(served: Served) -> None:
    shop, tools = served.token("shop", "publisher"), served.token("tools", "publisher")
    served.ask("POST", RELEASES, shop, sent())
    assert served.ask("GET", "/contracts", tools) == (200, {"contracts": [], "next": None})
    for path in (f"/contracts/{SOLD}", f"{RELEASES}/1.0.0", f"/contracts/{SOLD}/ledger"):
        missing = path.replace(SOLD, "shop.nope")
        hidden, nowhere = served.ask("GET", path, tools), served.ask("GET", missing, tools)
        assert hidden[0] == nowhere[0] == 404
        assert json.dumps(hidden).replace(SOLD, "shop.nope") == json.dumps(nowhere)
    status, told = served.ask("POST", RELEASES, tools, sent("1.1.0", more=TEXT))
    assert (status, told["code"]) == (403, "forbidden")
    assert "'shop'" not in json.dumps(told)
    for method, path in (("GET", "/contracts"), ("POST", RELEASES), ("GET", "/contract-proposals")):
        assert served.ask(method, path, body=b"" if method == "POST" else None)[0] == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        ({"files": [], "why": "no map"}, 400),
        ({"files": {}, "unknown": 1}, 400),
        ({"files": {"a.json": "{}"}, "why": "x" * 2_001}, 400),
        ({"files": {"a.json": "{}"}}, 400),
        ({"files": {"a.json": "[" * 100_000}}, 400),
        (b'{"files": {"a.json": "' + b"x" * (4 << 20) + b'"}}', 413),
        ({"files": {"a.json": "\\ud800"}}, 400),
    ],
)
def test_hostile_bodies(shared: Served, body: Any, status: int) -> None:
    shop = shared.token("shop", "publisher")
    found, told = shared.ask("POST", RELEASES, shop, body)
    assert found == status, told
    assert told["code"] in {"bad-request", "too-large", "broken-contracts"}


def test_types_are_searched_and_paged(served: Served) -> None:
    shop = served.token("shop", "publisher")
    for number in range(3):
        name = f"shop.thing.n{number}"
        declared: dict[str, Any] = {f"field{number}": TEXT}
        described = files(name, description=f"The {number}th thing.", **declared)
        status, told = served.ask("POST", f"/contracts/{name}/releases", shop, {"files": described})
        assert status == 201, told

    def names(query: str) -> list[str]:
        listed = served.ask("GET", f"/contracts?{query}", shop)[1]["contracts"]
        return [each["type"][-2:] for each in listed]

    first = served.ask("GET", "/contracts?limit=2", shop)[1]
    assert first["next"] == "shop.thing.n1"
    assert names(f"after={first['next']}") == ["n2"]
    assert names("q=FIELD1") == names("q=thing+1th") == ["n1"]
    assert names("owner=shop&status=active") == ["n0", "n1", "n2"]
    assert names("owner=tools") == names("status=retired") == names("q=thing+nowhere") == []
    assert served.ask("GET", "/contracts?status=old", shop)[0] == 400
    assert served.ask("GET", "/contracts?limit=0", shop)[0] == 400


def test_from_the_command_line(served: Served, run: Run, tmp_path: Path) -> None:
    folder, shop = tmp_path / "small", served.token("shop", "publisher")
    own = (str(folder / "contracts"), "--owner", "shop", "--yes")
    assert f"{SOLD} 1.0.0: active, sha256:" in run(served, shop, "publish", *own).output
    assert "nothing to publish: 1 released already" in run(served, shop, "publish", *own).output
    with pytest.raises(ContractError, match=r"'shp' owns none.*did you mean 'shop'"):
        run(served, shop, "publish", *own, "--owner", "shp")
    refused = run(served, shop, "publish", str(folder / "contracts"), "--yes", code=1)
    assert f"{USED} 1.0.0: 'tool.used' is not for the account 'shop' to release" in refused.stderr

    edit(folder, "1.1.0", amount=NUMBER)
    against = ("--against", served.url)
    checked = run(served, shop, "check", str(folder / "contracts"), *against, code=1).output
    assert f"{SOLD} 1.1.0: has to be 2.0.0" in checked
    assert "has to be 2.0.0" in run(served, shop, "publish", *own, code=1).stderr
    edit(folder, "2.0.0", amount=NUMBER)
    waits = run(served, shop, "publish", *own, "--why", "cents").output
    assert "waits for an approval by shop" in waits
    [listed] = json.loads(run(served, shop, "pending", "--json").output)
    assert "cents (waits for shop)" in run(served, shop, "pending").output
    with pytest.raises(Forbidden):
        run(served, shop, "approve", listed["id"])
    other = served.token("shop", "publisher")
    assert "2.0.0: active" in run(served, other, "approve", listed["id"]).output
    assert run(served, shop, "pending").output == "nothing waits for an approval\n"
    assert f"{SOLD} 2.0.0  active  of shop" in run(served, shop, "search", "amount").output
    assert run(served, shop, "search", "--status", "retired", "--json").output == "[]\n"

    given = ("--replaced-by", f"{SOLD}@2", "--sunset", "2031-01-31")
    said = run(served, shop, "status", f"{SOLD}@1", "deprecated", *given).output
    assert said == f"{SOLD} 1.0.0: deprecated\n"
    assert "already" in run(served, shop, "status", f"{SOLD}@1", "deprecated", *given).output


def test_rejecting(served: Served, run: Run, tmp_path: Path) -> None:
    tools, desk = served.token("tools", "publisher"), served.token("desk", "subscriber")
    for name, text in files(USED, "2.0.0", amount=NUMBER).items():
        (tmp_path / "small" / "contracts" / name).write_text(text)
    run(served, tools, "publish", str(tmp_path / "small" / "contracts"), "--type", USED, "--yes")
    [listed] = json.loads(run(served, desk, "pending", "--json").output)
    assert listed["approvers"] == ["dora", "tom"]
    assert run(served, desk, "reject", listed["id"], "--why", "no").output.endswith("rejected\n")
    assert run(served, tools, "pending").output == "nothing waits for an approval\n"


def test_what_is_pulled_is_verified_and_gone_on_with(
    served: Served, run: Run, tmp_path: Path
) -> None:
    shop, out = served.token("shop", "publisher"), tmp_path / "pulled"
    served.ask("POST", RELEASES, shop, sent())
    assert "1 type, verified" in run(served, shop, "pull", "--out", str(out)).output
    served.ask("POST", RELEASES, shop, sent("1.1.0", amount=TEXT, more=TEXT))
    again = run(served, shop, "pull", "--out", str(out), "--type", SOLD)
    assert f"{SOLD}: 1 new entry" in again.output
    assert list(Releases.load(out / "releases")[SOLD].releases) == ["1.0.0", "1.1.0"]
    rows = json.loads(run(served, shop, "pull", "--out", str(out), "--json").output)
    assert rows == [{"type": SOLD, "entries": 0}]


def test_a_ledger_that_says_something_else_is_not_overwritten(
    served: Served, run: Run, tmp_path: Path
) -> None:
    shop, folder = served.token("shop", "publisher"), tmp_path / "small" / "contracts"
    CliRunner().invoke(contracts, ["release", str(folder), "--yes", "--type", SOLD, "--by", "ada"])
    before = (folder / "releases" / "ledgers" / f"{SOLD}.jsonl").read_bytes()
    served.ask("POST", RELEASES, shop, sent())
    with pytest.raises(KeybusError, match="says something else"):
        run(served, shop, "pull", "--out", str(folder))
    assert (folder / "releases" / "ledgers" / f"{SOLD}.jsonl").read_bytes() == before


def test_bindings_come_from_a_registry(served: Served, run: Run, tmp_path: Path) -> None:
    shop, out = served.token("shop", "publisher"), tmp_path / "small_events"
    served.ask("POST", RELEASES, shop, sent())
    words = ("generate", "--from", served.url, "--language", "python", "--out", str(out))
    assert "1 event" in run(served, shop, *words).output
    lock = (tmp_path / "keybus.lock").read_text()
    assert SOLD in lock
    assert "1.0.0" in lock
    assert "class ShopSold" in "".join(each.read_text() for each in out.rglob("*.py"))


def test_an_open_bus_believes_what_it_is_told(opened: Served, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    run(opened, "", "publish", str(folder / "contracts"), "--yes")
    edit(folder, "2.0.0", amount=NUMBER)
    run(opened, "", "publish", str(folder / "contracts"), "--yes")
    [waits] = json.loads(run(opened, "", "pending", "--json").output)
    assert "2.0.0: active" in run(opened, "", "approve", waits["id"]).output
    edit(folder, "3.0.0", amount={"type": "boolean"})
    words = ("publish", str(folder / "contracts"), "--yes", "--approved-by", "shop")
    assert f"{SOLD} 3.0.0: active" in run(opened, "", *words).output
