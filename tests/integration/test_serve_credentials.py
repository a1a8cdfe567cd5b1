"""`keybus credentials` against a running bus."""

import json

import pytest

from tests.running import ClosedServer

pytestmark = pytest.mark.long  # closed servers, started one by one


def test_a_credentials_whole_life(closed: ClosedServer) -> None:
    token = closed.token
    issued = json.loads(
        closed.run(
            "issue", "--account", "desk", "--role", "subscriber", "--role", "publisher",
            "--expires", "90d", "--label", "screens", "--json", token=token,
        ).stdout
    )  # fmt: skip
    old = issued["credential"]["id"]
    assert issued["secret"].startswith(f"kb_{old}_")
    new = closed.run("rotate", old, "--overlap", "1h", token=token)
    assert new.stdout.startswith("kb_KBTK")
    assert issued["secret"] not in new.stdout
    closed.run("revoke", old, token=token)
    listed = closed.run("list", "--json", token=token)
    states = {each["credential"]["id"]: each["state"] for each in json.loads(listed.stdout)}
    assert states[old] == "revoked"
    assert states[new.stdout.split("_")[1]] == "active"
    assert "secret" not in listed.stdout
    shown = closed.run("list", token=token).stdout
    assert old in shown


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["revoke", "KBTKAAAAAAAAAAAAAAAA"], "[no-such-credential]"),
        (["rotate", "../platform"], "[no-such-route]"),
        (["issue", "--account", "nobody", "--role", "publisher"], "[credential]"),
        (["issue", "--account", "shop", "--role", "central"], "[credential]"),
        (["issue", "--account", "shop", "--role", "publisher", "--expires", "soon"], "[settings]"),
    ],
)
def test_what_cannot_be_done_says_why(
    closed: ClosedServer, arguments: list[str], code: str
) -> None:
    done = closed.run(*arguments, token=closed.token, check=False)
    assert done.returncode == 1
    assert code in done.stderr


def test_only_the_central_account_may(closed: ClosedServer) -> None:
    token = closed.issue("shop", "publisher").secret
    for given, code in ((token, "[forbidden]"), ("", "[unauthenticated]")):
        done = closed.run("list", token=given, check=False)
        assert done.returncode == 1
        assert code in done.stderr


def test_there_is_one_first_credential(closed: ClosedServer) -> None:
    closed.stop()
    where = [str(closed.folder), "--data", str(closed.data)]
    done = closed.run("bootstrap", *where, check=False)
    assert "central already" in done.stderr
    assert "--recover" in done.stderr
    closed.start()


def test_who_lost_the_first_token_makes_another_and_revokes_it(closed: ClosedServer) -> None:
    closed.stop()
    where = [str(closed.folder), "--data", str(closed.data)]
    token = closed.run("bootstrap", *where, "--recover", "--expires", "30d").stdout.strip()
    closed.start()
    listed = json.loads(closed.run("list", "--json", token=token).stdout)
    ends = {each["credential"]["id"]: each["credential"].get("expires_us") for each in listed}
    old, new = closed.token.split("_")[1], token.split("_")[1]
    assert ends[new] < ends[old]  # which has the year that a first one gets
    closed.run("revoke", old, token=token)
    assert "[unauthenticated]" in closed.run("list", token=closed.token, check=False).stderr
    closed.token = token
