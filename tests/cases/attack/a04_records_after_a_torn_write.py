"""A power cut leaves the newest record torn: later backups run, and are recorded."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.cases.attack.common import Area, backup, run, series, verdict


def _to_directory(newest: Path) -> None:
    newest.unlink()
    newest.mkdir()


def _to_file(records: Path) -> None:
    shutil.rmtree(records)
    records.touch()


TEARS: dict[str, Callable[[Path, Path], object]] = {
    "newest record empty": lambda _, newest: newest.write_bytes(b""),
    "newest record of NULs": lambda _, newest: newest.write_bytes(bytes(400)),
    "newest record is []": lambda _, newest: newest.write_text("[]"),
    "newest record is 5": lambda _, newest: newest.write_text("5"),
    "newest record lacks an attribute": lambda _, newest: newest.write_text('{"BackupId": "x"}'),
    "latest of NULs": lambda records, _: (records / "latest").write_bytes(bytes(8)),
    "latest is empty": lambda records, _: (records / "latest").write_bytes(b""),
    "latest is not UTF-8": lambda records, _: (records / "latest").write_bytes(b"\xff\xfe"),
    "a record is a directory": lambda _, newest: _to_directory(newest),
    ".records is a file": lambda records, _: _to_file(records),
}


def _known(target: str) -> object:
    seen = run("history", target, "--json")
    try:
        return len(json.loads(seen.stdout)["backups"])
    except (ValueError, KeyError):
        return f"no JSON: {seen.stderr[-200:]!r}"


fails = []
for name, tear in TEARS.items():
    with Area() as area:
        area.dir("bk")
        area.file("src", "f")
        backup(area("src"), area("bk"))
        records = Path(series(area("bk")), ".records")
        newest = records / f"{(records / 'latest').read_text()}.json"
        assert newest.is_file(), os.listdir(records)
        tear(records, newest)
        codes = [backup(area("src"), area("bk"))[0] for _ in range(2)]
        known = _known(area("bk"))
        print(f"{name}: exit {codes}, history knows {known}")
        if codes != [0, 0] or known not in (2, 3):
            fails.append(name)
verdict(fails, f"backups fail, or are never recorded again: {fails}")
