"""The page in a real browser: people find, look and restore; nothing of a hostile tree runs; axe-core is content."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from efs_backup.browse.paths import key_of
from efs_backup.engine.series.lock import without_readers
from tests.browse.nights import HOSTILE, Backup, served
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, Cli
from tests.support.nightly import mostly_nightly
from tests.support.warm import WarmProgram

_CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_WATCH = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`violated ${event.violatedDirective}: ${event.blockedURI}`);
});
window.alert = (text) => console.error(`alert ${text}`);
"""

pytestmark = [
    pytest.mark.xdist_group("browse"),
    pytest.mark.skipif(_CHROMIUM is None, reason="needs Debian's chromium"),
]


@dataclass
class Window:
    """A browser that is in. faults: what its console complained about, violated policies too."""

    page: Page
    origin: str
    target: Path
    faults: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        """Go to a page of ours."""
        self.page.goto(self.origin + address)
        return self.page

    def violations(self, *rules: str) -> list[str]:
        """Ask axe-core what is wrong with the page that is shown, by these rules or by all."""
        found = Axe().run(self.page, options={"runOnly": [*rules]} if rules else None)
        return [f"{self.page.url}: {one['id']}, {one['nodes'][0]['html']}" for one in found.response["violations"]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as started:
        one = started.chromium.launch(executable_path=_CHROMIUM, args=[*_FLAGS])
        yield one
        one.close()


@pytest.fixture(scope="module")
def address(three_nights: Backup, warm_program: WarmProgram) -> Iterator[str]:
    """The address that the command has printed."""
    with served(Cli({**os.environ, **A_FIRST_BACKUP_IS_MEANT}), three_nights.path, "--allow-restore") as printed:
        yield printed


@pytest.fixture(scope="module")
def context(browser: Browser, address: str) -> BrowserContext:
    """The one browser that the address lets in."""
    context = browser.new_context(viewport={"width": 1440, "height": 820}, timezone_id="Europe/Berlin", locale="en-GB")
    context.set_default_timeout(10_000)
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(address)
    page.wait_for_url("**/tree")
    page.close()
    return context


@pytest.fixture
def window(context: BrowserContext, address: str, tmp_path: Path) -> Iterator[Window]:
    """A new tab; at the end nothing must have been complained about."""
    parts = urlsplit(address)
    found = Window(context.new_page(), f"{parts.scheme}://{parts.netloc}", tmp_path / "target")
    found.page.on("console", lambda said: found.faults.append(said.text) if said.type in {"error", "warning"} else None)
    found.page.on("pageerror", lambda error: found.faults.append(str(error)))
    yield found
    found.page.close()
    assert found.faults == []


def test_somebody_finds_a_file_that_is_gone_restores_it_and_takes_that_back(
    window: Window, three_nights: Backup
) -> None:
    """From the first page to the file on the disk, with what is written on links and buttons alone."""
    page = window.open("/")
    page.get_by_label("Find a name").fill("LOST")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="docs/lost.txt").click()
    assert "what everybody wants back" in page.locator("pre.preview").inner_text()
    assert three_nights.nights[1] in page.url
    page.get_by_role("link", name="Restore", exact=True).click()
    page.get_by_label("Directory to restore into").fill(str(window.target))
    page.get_by_role("button", name="Show what would happen").click()
    assert "lost.txt" in page.locator("dl").inner_text()
    assert not window.target.exists()
    page.get_by_role("button", name="Restore it").click()
    page.get_by_role("heading", name="Success").wait_for()
    assert (window.target / "lost.txt").read_text() == "what everybody wants back\n"
    page.get_by_role("button", name="Undo it").click()
    page.get_by_role("button", name="Undo it").wait_for(state="detached")
    page.get_by_role("heading", name="Success").wait_for()
    assert not (window.target / "lost.txt").exists()


@pytest.mark.parametrize("are_events_lost", mostly_nightly([False, True]))
def test_a_restore_is_followed_as_it_goes_on(window: Window, three_nights: Backup, *, are_events_lost: bool) -> None:
    """By events; where those do not come, by asking again, and by both to the end."""
    asked, page = list[str](), window.page
    page.on("request", lambda request: asked.append(urlsplit(request.url).path.rpartition("/")[2]))
    if are_events_lost:
        page.route("**/restoring/events?*", lambda route: route.fulfill(status=503))
    window.open(three_nights.address("restore", path="docs"))
    page.get_by_label("Directory to restore into").fill(str(window.target))
    page.get_by_role("button", name="Show what would happen").click()
    with without_readers(three_nights.series):  # which every restore waits for
        page.get_by_role("button", name="Restore it").click()
        page.get_by_role("heading", name="Restoring").wait_for()
        if are_events_lost:
            page.wait_for_event("response", lambda answer: "restoring?" in answer.url)
        else:
            page.locator("[data-progress]", has_text="Step: ").wait_for()
            before = asked.count("restoring")  # one, and those of two seconds each in which a busy machine told nothing
            page.evaluate("htmx.trigger('#job', 'ended')")  # as its clock does
            assert asked.count("restoring") == before
    page.get_by_role("heading", name="Success").wait_for()
    assert asked.count("events") == 1
    assert are_events_lost or asked.count("restoring") > before
    window.faults[:] = [said for said in window.faults if "503" not in said]


@pytest.mark.long
def test_somebody_looks_at_two_versions_and_at_what_changed(window: Window, three_nights: Backup) -> None:
    """A click swaps the panes, the address follows, and the way back leads back."""
    page = window.open(three_nights.address(directory="docs"))
    page.get_by_role("link", name="thesis.txt").click()
    page.get_by_role("heading", name="3 versions").wait_for()
    assert "for the 2. time" in page.locator("pre.preview").inner_text()
    page.get_by_role("link", name="Version 1", exact=True).click()
    page.locator("pre.preview", has_text="one\ntwo\nthree").wait_for()
    assert three_nights.nights[0] in page.url
    page.go_back()
    page.locator("pre.preview", has_text="for the 2. time").wait_for()
    page.get_by_role("link", name="Compare with version 2").click()
    assert page.locator(".versus .added").all_inner_texts() == ["+two, for the 2. time\n"]


def test_times_are_the_viewers_own_and_the_page_says_so(window: Window) -> None:
    """Without a script they are in UTC, and the page says that."""
    page = window.open("/")
    page.locator("[data-zone]", has_text="Europe/Berlin").wait_for()
    assert str(page.locator(".nights time").first.get_attribute("title")).endswith(" UTC")


@pytest.mark.long
def test_arrow_keys_move_between_the_nights(window: Window) -> None:
    """Beside the Tab key, which reaches everything."""
    page = window.open("/")
    links = page.locator(".nights a")
    links.first.focus()
    page.keyboard.press("ArrowDown")
    assert links.nth(1).evaluate("link => link === document.activeElement")


def test_the_first_key_leads_to_a_link_that_skips_the_head(window: Window) -> None:
    """And it can be seen."""
    page = window.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip:focus").bounding_box()["y"] >= 0  # type: ignore[index]


def test_hostile_names_are_shown_and_do_nothing(window: Window, three_nights: Backup) -> None:
    """Markup, quotes, line breaks, bytes that are no UTF-8, templates: each is text, and each can be opened."""
    page = window.open(three_nights.address(directory="hostile"))
    links = page.locator(".files tbody a")
    addresses = [links.nth(number).get_attribute("href") or "" for number in range(len(HOSTILE))]
    assert links.count() == len({*addresses}) == len(HOSTILE)
    links.first.click()
    page.locator("pre.preview", has_text="a hostile name").wait_for()
    for address in addresses[1:]:
        assert "a hostile name" in window.open(address).locator("pre.preview").inner_text()
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("name", mostly_nightly(["page.html", "page.png", "page.svg"]))
def test_hostile_files_are_text_and_are_never_opened_by_the_browser(
    window: Window, three_nights: Backup, name: str
) -> None:
    """The preview shows their source, and a click on Download saves them."""
    page = window.open(three_nights.address(path=f"attacks/{name}"))
    assert "<script>" in page.locator("pre.preview").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == name
    assert "broken" not in page.title()


@pytest.mark.long
def test_a_picture_is_shown(window: Window, three_nights: Backup) -> None:
    """By its first bytes, whatever its name is."""
    page = window.open(three_nights.address(path="attacks/dot.bin"))
    assert page.locator("img.preview").evaluate("picture => picture.naturalWidth") == 1


def test_axe_finds_nothing_on_any_page(window: Window, three_nights: Backup) -> None:
    """Names, roles, headings, landmarks, tables and contrasts, in both sets of colours."""
    nights = three_nights.nights
    pages = [
        three_nights.address(path="docs/thesis.txt", gone="1"), three_nights.address("health"),
        three_nights.address("find", text="lost"),
        three_nights.address("past", path="docs/lost.txt"), three_nights.address("restore", path="docs"),
        three_nights.address("versus", path="docs/thesis.txt", old=nights[0], new=nights[2]),
    ]  # fmt: skip
    found = list[str]()
    for one in pages:
        window.page.emulate_media(color_scheme="light")
        window.open(one)
        found += window.violations()
        if any(kind in one for kind in ("tree", "health", "versus")):  # which have colours of their own
            window.page.emulate_media(color_scheme="dark")
            found += window.violations("color-contrast")
    assert found == []


def test_all_can_be_reached_without_a_script(
    browser: Browser, context: BrowserContext, three_nights: Backup, address: str
) -> None:
    """Links and forms alone: another night, a directory, a file, a version."""
    parts = urlsplit(address)
    plain = browser.new_context(java_script_enabled=False, storage_state=context.storage_state())
    page = plain.new_page()
    page.goto(f"{parts.scheme}://{parts.netloc}/daily/{key_of('home')}/tree")
    page.get_by_role("link", name="docs/").click()
    page.get_by_role("link", name="thesis.txt").click()
    page.get_by_role("link", name="Version 1", exact=True).click()
    assert page.locator("pre.preview").inner_text() == "one\ntwo\nthree\n"
    assert page.locator("[data-zone]").inner_text() == "UTC"
    plain.close()


@pytest.mark.long
def test_a_narrow_screen_needs_no_way_sideways(window: Window, three_nights: Backup) -> None:
    """As on a telephone."""
    window.page.set_viewport_size({"width": 390, "height": 800})
    page = window.open(three_nights.address(path="docs/thesis.txt"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
