import pytest

from keybus.errors import SettingsError
from keybus.settings import DEFAULT_PORT, Settings


def test_defaults_lead_to_the_local_bus() -> None:
    assert Settings.from_environment({}).url == f"http://127.0.0.1:{DEFAULT_PORT}"


def test_variables_are_read_and_an_empty_one_is_none() -> None:
    settings = Settings.from_environment(
        {"KEYBUS_URL": "https://bus.example", "KEYBUS_RETRY_TIMEOUT": "2.5", "KEYBUS_PUBLISHER": ""}
    )
    assert settings == Settings(url="https://bus.example", retry_timeout=2.5)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KEYBUS_REQUEST_TIMEOUT", "soon"),
        ("KEYBUS_REQUEST_TIMEOUT", "0"),
        ("KEYBUS_RETRY_TIMEOUT", "-1"),
        ("KEYBUS_RETRY_TIMEOUT", "nan"),
        ("KEYBUS_URL", "127.0.0.1:7411"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({variable: value})
