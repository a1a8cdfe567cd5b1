"""With which platform a closed bus starts."""

import json
from pathlib import Path

import pytest

from tests.running import ClosedServer

pytestmark = pytest.mark.long  # closed servers, started one by one


@pytest.fixture
def stopped(tmp_path: Path) -> ClosedServer:
    """A closed bus that has its first credential and was never started."""
    return ClosedServer(tmp_path)


def serve(server: ClosedServer, *options: str) -> str:
    """Start a bus that refuses to; answers what it says."""
    where = [str(server.folder), "--data", str(server.data), "--port", "0"]
    done = server.command("serve", *where, *options, check=False)
    assert done.returncode == 1
    assert not done.stdout
    return done.stderr


def rewrite(server: ClosedServer, old: str, new: str) -> None:
    file = server.folder / "platform.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def versions(server: ClosedServer) -> list[dict[str, object]]:
    listed = server.command("platform", "versions", "--json", token=server.token).stdout
    found: list[dict[str, object]] = json.loads(listed)
    return found


def test_the_folder_is_not_read_once_something_was_applied(stopped: ClosedServer) -> None:
    stopped.start()
    assert stopped.stop() == 0
    (stopped.folder / "platform.yaml").write_text("bus: [")
    stopped.start()
    [version] = versions(stopped)
    assert version["version"] == 1
    assert stopped.stop() == 0


def test_what_compliance_finds_does_not_hold_without_a_reason(stopped: ClosedServer) -> None:
    rewrite(stopped, "organization: o-smallexample\n", "")
    told = serve(stopped)
    assert "DX02" in told
    assert "--despite" in told
    stopped.options += ("--despite", "it is a drill")
    stopped.start()
    assert "it is a drill" in str(versions(stopped)[0]["note"])
    assert stopped.stop() == 0


def test_what_the_footing_lacks_never_holds(stopped: ClosedServer) -> None:
    feed = "  shop-feed: {account: shop, "
    rewrite(stopped, feed, feed + "alarms: {waiting: 5}, ")
    told = serve(stopped, "--despite", "it is a drill")
    assert "[plan-refused]" in told
    assert "platform.yaml" in told


def test_nothing_is_applied_where_nobody_could_administer(stopped: ClosedServer) -> None:
    """Or the folder would not be read any more when it is started the second time."""
    (stopped.data / "bus.db").unlink()
    assert "credentials bootstrap" in serve(stopped)
    rewrite(stopped, "shop-feed", "first-feed")
    where = [str(stopped.folder), "--data", str(stopped.data)]
    stopped.token = stopped.run("bootstrap", *where).stdout.strip()
    stopped.start()
    shown = stopped.command("subscriptions", token=stopped.token).stdout
    assert "first-feed" in shown
    assert stopped.stop() == 0
