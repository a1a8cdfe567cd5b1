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


TOKEN = "kb_KBTKAAAAAAAAAAAAAAAA_" + "s" * 43


def test_a_token_is_sent_and_shown_to_nobody() -> None:
    settings = Settings.from_environment({"KEYBUS_TOKEN": TOKEN})
    assert settings.authorization("https://bus.example") == {"Authorization": f"Bearer {TOKEN}"}
    assert TOKEN not in f"{settings!r} {settings}"
    assert Settings().authorization("http://bus.example") == {}


@pytest.mark.parametrize("url", ["http://127.0.0.1:7411", "http://[::1]:7411", "http://localhost"])
def test_a_token_may_go_to_this_machine_in_the_clear(url: str) -> None:
    assert Settings(token=TOKEN).authorization(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://bus.example",
        "http://127.0.0.1@bus.example",
        "http://127.0.0.1.bus.example",
        "http://localhost.bus.example",
        "http://10.0.0.1",
        "http://2130706433",
        "http://",
    ],
)
def test_a_token_does_not_cross_a_network_in_the_clear(url: str) -> None:
    with pytest.raises(SettingsError, match="for all to read") as caught:
        Settings(token=TOKEN).authorization(url)
    assert TOKEN not in str(caught.value)


def test_what_cannot_be_a_token_is_refused_and_not_repeated() -> None:
    for wrong in ("a b", "a\nX: y", "é"):
        with pytest.raises(SettingsError, match="KEYBUS_TOKEN") as caught:
            Settings.from_environment({"KEYBUS_TOKEN": wrong})
        assert wrong not in str(caught.value)


def test_an_authority_that_cannot_be_read_is_named() -> None:
    assert Settings().tls() is None
    with pytest.raises(SettingsError, match=r"absent\.pem"):
        Settings(ca_file="/absent.pem").tls()
