"""Make the pictures in docs/images, with Debian's chromium: python -m tests.browse.pictures. It is no test."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from efs_backup.browse.paths import key_of
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import Interval, SnapshotName
from efs_backup.domain.snapshots.pins import Pin, Said
from efs_backup.engine.series.pins import Pins
from efs_backup.engine.series.records import RecordDirectory
from tests.browse.nights import Backup
from tests.support.builders import A_DAY_AGO_NS, write

_IMAGES = Path(__file__).parents[2] / "docs" / "images"
_NIGHTS = 40
_FILES = {
    "abstract.tex": (5, 12), "appendix.tex": (31,), "bibliography.bib": (4, 9, 17, 26, 33), "chapter-1.tex": (2, 3),
    "chapter-2.tex": (8, 9, 10, 11), "chapter-3.tex": (19, 21, 22, 25, 28), "figure-1.png": (3,), "figure-2.png": (20,),
    "notes.md": tuple(range(1, 40, 3)), "old-draft.tex": (), "thesis.tex": (6, 14, 22, 30, 36), "timeline.ods": (1, 38),
}  # fmt: skip
_GONE = {"old-draft.tex": 23}
_BEGUN = {"chapter-3.tex": 18, "figure-2.png": 19, "appendix.tex": 30}


def main() -> None:
    """Make a backup, open it, take the pictures."""
    _IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        made = _backup(Path(place))
        with subprocess.Popen(
            [Path(sys.executable).with_name("efs-backup"), "browse", place, "--allow-restore"], stdout=subprocess.PIPE
        ) as server:
            assert server.stdout
            address = server.stdout.readline().decode().strip()
            _take(address, made)
            server.terminate()


def _backup(root: Path) -> Backup:
    made, before = Backup(root, "research"), None
    first = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) - timedelta(days=_NIGHTS - 1)
    records = RecordDirectory(made.series / ".records")
    for night in range(_NIGHTS):
        name = SnapshotName.of(first + timedelta(days=night))
        made.nights.append(str(name))
        directory = made.series / str(name) / "home" / "alice" / "thesis"
        for file, changes in _FILES.items():
            if _BEGUN.get(file, 0) <= night < _GONE.get(file, _NIGHTS):
                _file(directory / file, before / file if before else None, night, is_new=night in changes)
        before = directory
        records.put(_record(name, night))
    pins = Pins(made.series)
    pins.pin(SnapshotName.of(first + timedelta(days=36)), Pin("before the upgrade", "root", first))
    pins.note(SnapshotName.of(first + timedelta(days=38)), Said("Alice moved her figures", "root", first))
    return made


def _file(path: Path, before: Path | None, night: int, *, is_new: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if before and before.exists() and not is_new:
        os.link(before, path)
        return
    lines = [r"\documentclass{book}", r"\title{On the growth of rings}", r"\author{Alice}", r"\begin{document}"]
    chapters = [rf"\input{{chapter-{number}}}" for number in range(1, 2 + night // 10)]
    write(path, "\n".join([*lines, *chapters, r"\end{document}", ""]), A_DAY_AGO_NS + night * 86_400 * 10**9)


def _record(name: SnapshotName, night: int) -> BackupRecord:
    known = BackupRecord(
        backup_id=BackupId(f"{night:08x}"), status=BackupStatus.SUCCESS, start_time=name.time, window_minutes=0,
        interval=Interval.DAILY, retention=40, expires=name.time + timedelta(days=90), snapshot=str(name),
        stop_time=name.time + timedelta(minutes=30 + night % 5), number_of_files=1_204_331, total_file_size=412 * 10**9,
        number_of_files_transferred=9000 + night * 30, total_transferred_file_size=(night * 37 % 11 + 1) * 310_000_000,
    )  # fmt: skip
    return replace(known, warning="LeftOut") if night == _NIGHTS - 3 else known


def _take(address: str, made: Backup) -> None:
    origin = address.partition("/enter")[0]
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1240, "height": 660}, timezone_id="Europe/Berlin", locale="en-GB")
        page.goto(address)
        page.wait_for_url("**/tree")
        thesis = key_of("home/alice/thesis")
        tree = f"{origin}{made.address(path='home/alice/thesis/thesis.tex')}&directory={thesis}&gone=1"
        _picture(page, tree, "browse-light", "light")
        _picture(page, tree, "browse-dark", "dark")
        versus = made.address("versus", path="home/alice/thesis/thesis.tex", old=made.nights[14], new=made.nights[36])
        page.set_viewport_size({"width": 900, "height": 420})
        _picture(page, origin + versus, "browse-versus", "light")
        page.set_viewport_size({"width": 1100, "height": 560})
        _picture(page, origin + made.address("health"), "browse-health", "light")
        browser.close()


def _picture(page: Page, address: str, name: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    page.screenshot(path=_IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
