"""A backup of three nights with all that a hostile user may leave in a tree, and the page about it."""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from efs_backup.browse.app import create_app
from efs_backup.browse.gate import Gate
from efs_backup.browse.paths import key_of
from efs_backup.browse.restoring import Restores
from tests.builders import A_DAY_AGO_NS, write
from tests.conftest import A_FIRST_BACKUP_IS_MEANT, NOTHING_IS_SCRUBBED, Cli
from tests.warm import WarmProgram

_NS = 10**9
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


def _hostile_tree(source: Path) -> None:
    write(source / "docs" / "thesis.txt", "one\ntwo\nthree\n")
    write(source / "docs" / "lost.txt", "what everybody wants back\n")
    write(source / "docs" / "same.txt")
    for raw in HOSTILE:
        path = source / "hostile" / os.fsdecode(raw)
        write(path, "a hostile name\n")
    write(source / "attacks" / "page.html", ATTACK)
    write(source / "attacks" / "page.png", ATTACK)
    write(source / "attacks" / "page.svg", f'<svg xmlns="http://www.w3.org/2000/svg">{ATTACK}</svg>')
    write(source / "attacks" / "turned.txt", "user \u202e nimda \x1b[31mred\x1b[0m\n")
    (source / "attacks" / "dot.bin").write_bytes(png())
    (source / "attacks" / "zeros").write_bytes(bytes(1000))
    os.mkfifo(source / "attacks" / "fifo")
    (source / "attacks" / "secret").symlink_to("/etc/passwd")
    (source / "attacks" / "elsewhere").symlink_to("/etc")


@pytest.fixture(scope="session")
def three_nights(tmp_path_factory: pytest.TempPathFactory, warm_program: WarmProgram) -> Backup:
    """Three real nights: a text changes each night, another one goes in the last."""
    root = tmp_path_factory.mktemp("browse")
    source, backup, temporary = (root / name for name in ("source", "backup", "tmp"))
    temporary.mkdir()
    cli = Cli({**os.environ, "TMPDIR": str(temporary), **A_FIRST_BACKUP_IS_MEANT, **NOTHING_IS_SCRUBBED}, warm_program)
    _hostile_tree(source)
    nights = list[str]()
    for night in range(3):
        if night:
            write(
                source / "docs" / "thesis.txt",
                f"one\ntwo, for the {night}. time\nthree\n",
                A_DAY_AGO_NS + night * 3600 * _NS,
            )
        if night == 2:
            (source / "docs" / "lost.txt").unlink()
        nights.append(cli("run", source, backup, "--label", "home", "--json").json["snapshot"])
    return Backup(backup, "home", nights)


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
                write(path, f"night {night} of {number}\n", A_DAY_AGO_NS + night * _NS)
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


@pytest.fixture
def visitor(three_nights: Backup) -> Visitor:
    """One who is in."""
    return Visitor(three_nights.path).enter()


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
