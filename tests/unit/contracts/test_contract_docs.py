"""The contracts page: its sample contract and core files make a sound repository."""

import re
from pathlib import Path

from keybus.contracts import ContractRepository

PAGE = Path(__file__).parents[3] / "docs" / "contracts.md"
SAMPLE = "delivery/DeliveryStatusUpdated.json"


def test_the_files_on_the_page_make_a_repository(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    (settings,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (contract, *core) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    names = re.findall(r"`(core/\w+\.json)`:\n\n```json", text)
    assert names == ["core/Event.json", "core/EventType.json", "core/Publisher.json"]
    files = {"keybus.toml": settings, SAMPLE: contract, **dict(zip(names, core, strict=True))}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert ContractRepository.lint(tmp_path) == []
    assert ContractRepository.load(tmp_path).types == ("delivery.status.updated",)
