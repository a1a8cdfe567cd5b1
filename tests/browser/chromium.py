"""A real browser, driven by its DevTools protocol: Chromium without a window, nothing from outside.

Source: chromedevtools.github.io/devtools-protocol, domains Page, Runtime, Input and Emulation.
"""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

FOUND: Final = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
MISSING: Final = "" if FOUND else "no Chromium is installed"
_FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--mute-audio", "--remote-debugging-port=0"),
)
_SECONDS: Final = 60
KEYS: Final = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "Tab": 9}


class Refused(AssertionError):
    """What was asked of the browser it did not do."""


class Chromium:
    """One browser with one page.

    Attributes:
        told: What pages wrote to the console, and their errors, since it was last asked.
        asked: Every address that a page asked for, since it was last asked.
    """

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory(
            prefix="keybus-chromium-", ignore_cleanup_errors=True
        )
        self._process = subprocess.Popen(
            [FOUND, *_FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._number = 0
        self._session = ""
        self._events: list[dict[str, Any]] = []
        self.told: list[str] = []
        self.asked: list[str] = []
        self._open = ExitStack()
        self._socket: ClientConnection | None = None
        try:
            opening = connect(self._address(), max_size=None, proxy=None)
            self._socket = self._open.enter_context(opening)
            self._attach()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the browser."""
        self._open.close()
        self._process.terminate()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_SECONDS)
        self._profile.cleanup()

    def open(self, page: Path, fragment: str = "") -> None:
        """Open a file, and wait until it and its scripts are loaded."""
        self._events.clear()
        self.told.clear()
        self.asked.clear()
        found = self._call("Page.navigate", url=page.absolute().as_uri() + fragment)
        while not any(self._is_load(each, found["loaderId"]) for each in self._events):
            self._next()

    def run(self, script: str) -> Any:
        """The value of an expression within the page, awaited where it is a promise."""
        found = self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"]["exception"].get("description", found))
        return found["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until an expression within the page is true."""
        end = time.monotonic() + _SECONDS
        while not self._is_true(script):
            assert time.monotonic() < end, f"never true: {script}"

    def press(self, key: str, *, control: bool = False) -> None:
        """Press a key, as a person does."""
        text = {} if len(key) > 1 or control else {"text": key}
        if key == "Enter":
            text = {"text": "\r"}
        code = KEYS.get(key, ord(key[0].upper()))
        what = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 if control else 0}
        self._call("Input.dispatchKeyEvent", type="keyDown", **what, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", **what)

    def write(self, text: str) -> None:
        """Write a text where the focus is."""
        self._call("Input.insertText", text=text)

    def look(
        self, width: int = 1280, height: int = 900, scheme: str = "light", media: str = ""
    ) -> None:
        """Take a size in pixels, and the system's colours: light or dark."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", media=media, features=features)

    def picture(self, *, whole: bool = True) -> bytes:
        """The page as a PNG."""
        found = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def paper(self) -> bytes:
        """The page as a PDF."""
        return base64.b64decode(self._call("Page.printToPDF")["data"])

    def _address(self) -> str:
        place = Path(self._profile.name) / "DevToolsActivePort"
        end = time.monotonic() + _SECONDS
        while True:
            lines = place.read_text().splitlines() if place.exists() else []
            if len(lines) > 1:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            assert self._process.poll() is None, "Chromium ended"
            assert time.monotonic() < end, "Chromium did not start"
            time.sleep(0.02)

    def _attach(self) -> None:
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(each["targetId"] for each in targets if each["type"] == "page")
        found = self._call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Page.setLifecycleEventsEnabled", enabled=True)
        self._call("Emulation.setFocusEmulationEnabled", enabled=True)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        assert self._socket is not None
        self._socket.send(json.dumps(message))
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise Refused(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _is_true(self, script: str) -> bool:
        """Whether an expression is true at the next frame; it is not while a page is left."""
        try:
            self.run("new Promise((done) => requestAnimationFrame(() => done()))")
            return bool(self.run(f"Boolean({script})"))
        except Refused:
            return False

    @staticmethod
    def _is_load(event: dict[str, Any], loader: str) -> bool:
        what = event["params"]
        is_life = event["method"] == "Page.lifecycleEvent"
        return is_life and (what["loaderId"], what["name"]) == (loader, "load")

    def _next(self) -> dict[str, Any]:
        assert self._socket is not None
        message: dict[str, Any] = json.loads(self._socket.recv(_SECONDS))
        if "method" in message:
            self._events.append(message)
            self._note(message["method"], message["params"])
        return message

    def _note(self, method: str, what: dict[str, Any]) -> None:
        if method == "Runtime.consoleAPICalled":
            self.told.append(str([each.get("value") for each in what["args"]]))
        elif method == "Runtime.exceptionThrown":
            self.told.append(json.dumps(what["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.told.append(what["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(what["request"]["url"])
