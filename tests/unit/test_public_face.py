"""What `import keybus` offers, pinned: a change here is a change for users."""

import subprocess
import sys

import keybus
import keybus.patterns
import keybus.testing


def test_the_exported_names() -> None:
    assert sorted(keybus.__all__) == [
        "AsyncEventPublisher",
        "BrokenContracts",
        "BusUnavailable",
        "ContractRepository",
        "DeprecatedContract",
        "EntriesRefused",
        "Envelope",
        "Event",
        "EventPublisher",
        "EventSubscriber",
        "Fault",
        "Handled",
        "InvalidEvent",
        "KeybusError",
        "PartlyFailed",
        "PublishError",
        "SettingsError",
        "SubscriptionError",
        "UnknownEventType",
        "__version__",
        "current_delivery",
    ]
    assert all(hasattr(keybus, name) for name in keybus.__all__)
    assert sorted(keybus.testing.__all__) == ["InMemoryBus", "ManualClock"]


def test_the_base_install_is_light() -> None:
    """`import keybus` needs nothing of the server, the command line or the engines."""
    program = "import sys, keybus; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {
        "starlette",
        "uvicorn",
        "apsw",
        "yaml",
        "click",
        "rich",
        "boto3",
        "aiohttp",
    }
    assert not {"keybus.bus", "keybus.server", "keybus.engines"} & set(done.stdout.split())


def test_every_error_has_a_code_of_its_own_and_the_one_root() -> None:
    from keybus import errors  # noqa: PLC0415 - the module itself is looked at

    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    ours = [kind for kind in kinds if issubclass(kind, errors.KeybusError)]
    assert ours == kinds
    assert len({kind.code for kind in ours}) == len(ours)
