"""What a development bus does with what its footing lacks."""

from pathlib import Path

from tests.running import EXAMPLE, ServerFactory

PLATFORM = """\
bus: small
organization: o-smallexample
accounts:
  shop: {id: "222222222222", owners: [sven]}
subscriptions:
  feed:
    account: shop
    filter: {source: [shop.till]}
    alarms: {waiting: 5}
"""


def test_it_says_with_file_and_line_what_it_ignores(
    tmp_path: Path, new_server: ServerFactory
) -> None:
    (tmp_path / "contracts").symlink_to(EXAMPLE / "contracts")
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    server = new_server(tmp_path)
    server.stop()
    [line] = [line for line in server.log.read_text().splitlines() if "it is ignored" in line]
    assert "platform.yaml:9" in line
    assert "alarms" in line
