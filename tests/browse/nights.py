"""Nights to be looked at, and those who look at them."""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.testclient import TestClient

from efs_backup.browse.app import create_app
from efs_backup.browse.gate import Gate
from efs_backup.browse.paths import key_of
from efs_backup.browse.restoring import Restores
from tests.support.builders import A_DAY_AGO_NS, write
from tests.support.cli import Cli

NS = 10**9


HOSTILE = (
    b"<img src=x onerror=alert(1)>",
    b"\"quoted' & <b>bold",
    b"new\nline",
    b"bad \xff byte",
    "turned \u202eround".encode(),
    b"{{ 7 * 7 }}",
    b"%2e%2e",
)
"""Names."""


ATTACK = "<html><script>document.title = 'broken'</script><img src=x onerror=alert(1)></html>\n"


def png(red: int = 200) -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes((0, red, 9, 9))))
        + chunk(b"IEND", b"")
    )


@dataclass(frozen=True)
class Backup:
    """A backup, and the names of its snapshots, the oldest first."""

    path: Path
    label: str
    nights: list[str] = field(default_factory=list)

    @property
    def series(self) -> Path:
        """The directory of its series."""
        return self.path / self.label / "daily"

    def address(self, page: str = "tree", **asked: str) -> str:
        """The address of a page about it; paths are given as they are."""
        told = {
            name: key_of(text) if name in {"path", "directory", "after", "before"} else text
            for name, text in asked.items()
        }
        query = "&".join(f"{name}={text}" for name, text in told.items())
        return f"/daily/{key_of(self.label)}/{page}?{query}"


def made_nights(root: Path, nights: int, files: int, label: str = "home") -> Backup:
    """A series made by hand, without manifests: each file changes in about one night of thirty."""
    made, before = Backup(root, label), None
    for night in range(nights):
        name = f"202610{night % 28 + 1:02}T{night // 28:02}0000Z"
        directory = made.series / name / "docs"
        directory.mkdir(parents=True)
        for number in range(files):
            path = directory / f"file {number:06}.txt"
            if before and (number * 7 + night) % 29:
                os.link(before / path.name, path)
            else:
                write(path, f"night {night} of {number}\n", A_DAY_AGO_NS + night * NS)
        made.nights.append(name)
        before = directory
    made.nights.sort()
    return made


class Visitor:
    """Somebody with a browser that runs no script."""

    def __init__(self, backup: Path, *, may_restore: bool = False) -> None:
        self.gate = Gate()
        self.restores = Restores() if may_restore else None
        self.client = TestClient(
            create_app(backup, self.gate, restores=self.restores), base_url="http://127.0.0.1:8000",
            follow_redirects=False, raise_server_exceptions=False,
        )  # fmt: skip

    def enter(self) -> "Visitor":
        """Come in by the printed address."""
        assert self.client.get("/enter", params={"token": self.gate.token}).status_code == 200
        return self


@contextmanager
def served(cli: Cli, *arguments: object) -> Iterator[str]:
    """The command itself, and the address that it prints."""
    with cli.start("browse", *arguments) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.terminate()
            assert process.wait(20) == 0, process.stderr and process.stderr.read()
