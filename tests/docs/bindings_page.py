"""One contract and what is generated of it in each language, for docs/bindings.md.

`python -m tests.docs.bindings_page` writes the end of the page anew.
"""

from typing import Final

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import LANGUAGES
from tests.running import EXAMPLE, ROOT

PAGE: Final = ROOT / "docs" / "bindings.md"
BEGIN: Final = "<!-- Below: python -m tests.docs.bindings_page -->\n"
CONTRACT: Final = "delivery/DeliveryGarageOpened.json"
SHOWN: Final = {
    "python": ("Python", "py", "amazon_key_events", "delivery/delivery_garage_opened.py"),
    "typescript": ("TypeScript", "ts", "events", "delivery/delivery-garage-opened.ts"),
    "java": ("Java", "java", "com.example.events", "delivery/DeliveryGarageOpened.java"),
    "go": ("Go", "go", "events", "delivery_garage_opened.go"),
}
"""By language: its name, its fence (not one whose blocks are run), the package, and the file."""


def render() -> str:
    """The page, with the contract and the classes as they are."""
    before, begin, _ = PAGE.read_text().partition(BEGIN)
    assert begin, f"{PAGE} has no {BEGIN!r}"
    contract = (EXAMPLE / "contracts" / CONTRACT).read_text().rstrip()
    parts = [
        f"The contract, `{CONTRACT}` of the reference application:\n\n```json\n{contract}\n```\n"
    ]
    contracts = ContractRepository.load(EXAMPLE / "contracts").values()
    for language, (name, fence, package, file) in SHOWN.items():
        source = LANGUAGES[language](contracts, {}, package=package)[file].decode().rstrip()
        parts.append(f"### {name}\n\n`{file}`:\n\n```{fence}\n{source}\n```\n")
    return before + begin + "\n" + "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render())
