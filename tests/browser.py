"""A headless Chromium, driven over a pipe by its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--hide-scrollbars",
)


def executable():
    """Path of a browser; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of a browser; counts its requests and keeps its errors.

    Attributes:
        requests: Addresses that were asked for, the page's own among them.
        errors: What its console and its programs complained of.
    """

    def __init__(
        self, profile: Path, size: tuple[int, int] = (1400, 1100), more: tuple = ()
    ) -> None:
        self.number, self.requests, self.errors, self.rest = 0, [], [], b""
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()
        window = f"--window-size={size[0]},{size[1]}"
        flags = [*FLAGS, *more, f"--user-data-dir={profile}", window]
        words = [executable(), *flags, "about:blank"]
        # The protocol's pipes are the descriptors 3 and 4.
        shell = f'exec 3<&{to_read} 4>&{to_write}; exec "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *words],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self.session = None
        (target,) = (
            row["targetId"]
            for row in self.call("Target.getTargets")["targetInfos"]
            if row["type"] == "page"
        )
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self.process.kill()
        self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)

    def call(self, method: str, **parameters: object) -> dict:
        """What a method of the protocol answers; events before it are noted."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self._note(answer)

    def _next(self) -> dict:
        while b"\0" not in self.rest:
            part = os.read(self.from_browser, 1 << 20)
            assert part, "the browser has ended"
            self.rest += part
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def _note(self, event: dict) -> None:
        told = event.get("params", {})
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"][:200])
        if event["method"] == "Runtime.exceptionThrown":
            self.errors.append(str(told["exceptionDetails"]))
        console = event["method"] == "Runtime.consoleAPICalled"
        if console and told["type"] in ("error", "assert"):
            self.errors.append(str(told["args"]))
        logged = event["method"] == "Log.entryAdded"
        if logged and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])

    def run(self, script: str) -> object:
        """The value of an expression of JavaScript; promises are awaited."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, address: str) -> None:
        """Go to an address; what was counted before is forgotten."""
        self.requests.clear()
        self.errors.clear()
        self.call("Page.navigate", url=address)

    def wait(self, script: str, seconds: float = 120) -> object:
        """The value of an expression once it is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"not within {seconds} s: {script}"
            time.sleep(0.1)
        return value

    def key(self, name: str) -> None:
        """Press and let go a key; a letter is written, too."""
        letter = {"text": name} if len(name) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, **letter)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name)

    def click(self, x: float, y: float) -> None:
        """Click at a place of the page's window, px."""
        at = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **at)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write what is seen as PNG."""
        answer = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )
        Path(path).write_bytes(base64.b64decode(answer["data"]))
