"""The site of the documents, looked at in Debian's Chromium."""

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from deployment.build_site import main

_CHROMIUM = shutil.which("chromium")
_PAGES = ("", "how-to/restore/", "reference/cli/")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(_CHROMIUM is None, reason="needs Debian's chromium"),
]


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """The address of the site."""
    main(tmp_path / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path / "site"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_no_page_asks_another_site_for_anything(origin: str) -> None:
    """Whoever reads the documents is seen by nobody else, and needs no way to the internet."""
    asked, complaints = list[str](), list[str]()
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        for path in _PAGES:
            page.goto(origin + path, wait_until="networkidle")
        browser.close()
    assert {origin + path for path in _PAGES} <= {*asked}
    assert [url for url in asked if not url.startswith((origin, "data:"))] == []
    assert complaints == []


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and writes no lines about it."""

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the name in http.server
        """Say nothing."""
