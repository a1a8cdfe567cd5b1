"""What can be said of a subscriber without a bus."""

import pytest

from keybus import EventSubscriber, SettingsError, current_delivery


def test_a_type_has_one_handler() -> None:
    subscriber = EventSubscriber("x")

    @subscriber.on("Key Event")
    def first(_: object) -> None: ...

    with pytest.raises(SettingsError, match="Key Event"):
        subscriber.on("Key Event")(lambda _: None)


@pytest.mark.parametrize(("window", "concurrency"), [(0, 1), (10_001, 1), (1, 0)])
def test_settings_that_make_no_sense_are_refused(window: int, concurrency: int) -> None:
    with pytest.raises(SettingsError):
        EventSubscriber("x", window=window, concurrency=concurrency)


def test_outside_of_handlers_there_is_no_delivery() -> None:
    with pytest.raises(LookupError):
        current_delivery()
