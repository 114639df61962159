"""Looks at built pages in headless Chromium: one start of the browser, every page at several widths.

A page of our own, served beside the site, loads each page into a frame of the wanted width, measures it, and posts
what it found. The frame's width is what the style sheets of the page see.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from time import monotonic, sleep
from typing import Any

HARNESS = "/look"
RESULT = "/looked"
SAID = re.compile(r":CONSOLE[:(].*", re.MULTILINE)
LAST_WORD = "everything was looked at"
"""What our own page says at its end."""
LIMIT_S = 150
HEARD_S = 20
"""The console takes its time to write what the page said before it posted."""


class _Handler(SimpleHTTPRequestHandler):
    def __init__(
        self, *arguments: Any, plan: str, posted: list, refused: list, done: threading.Event, **options: Any
    ) -> None:
        self.plan, self.posted, self.refused, self.done = plan, posted, refused, done
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != HARNESS:
            super().do_GET()
            return
        content = files(__package__).joinpath("look.html").read_text(encoding="utf-8").replace("PLAN", self.plan)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(content.encode())

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        self.done.set()

    def log_message(self, *_: Any) -> None:
        pass

    def send_error(self, code: int, *words: Any, **more: Any) -> None:
        self.refused.append(f"{code} {self.path}")
        super().send_error(code, *words, **more)


def look(browser: str, site: Path, pages: Sequence[str], widths: Sequence[int], scratch: Path) -> tuple[list, list]:
    """Load pages of a built site.

    Args:
        browser: path of a Chromium.
        pages: paths within the site.
        widths: of the frame, in pixels.
        scratch: an empty folder for the browser's profile and log.

    Returns:
        One record a page and width, as ``look.html`` makes it; and what was said: the lines that the browser's console
        got, and requests that were refused.

    Raises:
        TimeoutError: the browser did not answer; the message ends with its log.
    """
    posted: list[list[dict[str, Any]]] = []
    refused: list[str] = []
    done = threading.Event()
    plan = json.dumps({"pages": list(pages), "widths": list(widths), "result": RESULT})
    handler = partial(_Handler, plan=plan, posted=posted, refused=refused, done=done, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log = scratch / "browser.log"
    # A container has no user name spaces for the sandbox, and a small /dev/shm; the pages are ours.
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--enable-logging=stderr", "--log-level=0",
        f"--user-data-dir={scratch / 'profile'}", "--window-size=1400,1000",
        "--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}{HARNESS}",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            answered = done.wait(LIMIT_S)
            ends = monotonic() + HEARD_S
            while answered and monotonic() < ends and LAST_WORD.encode() not in log.read_bytes():
                sleep(0.1)
        finally:
            os.killpg(process.pid, 15)
            process.wait()
            server.shutdown()
            server.server_close()
    text = log.read_text(encoding="utf-8", errors="replace")
    if not answered:
        raise TimeoutError(f"{browser} did not answer within {LIMIT_S} s:\n{text[-2000:]}")
    return posted[0], [*SAID.findall(text), *refused]
