"""Shared by the attacks: an independent account of a tree, the command, and an unprivileged user who attacks it.

Each attack is a program of its own, started by guard.sh alone. Exit 0: as a user expects; 1: not; 77: not tried.
"""

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any, NoReturn

UID = 4242
COMMAND = sys.argv[1]
EXCHANGE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def exchange(a, b):
    return libc.renameat2(-100, a.encode(), -100, b.encode(), 2)
"""
"""The beginning of an attacker's code: two names change places at once."""

Entry = tuple[object, ...]
_NAMES = ("kind", "mode", "uid", "gid", "mtime", "size", "content", "device")


def tree(root: str, *, times: bool = True) -> dict[bytes, Entry]:
    """Everything below a directory, by its path: what the kernel and the content say."""
    found: dict[bytes, Entry] = {}
    waiting = [b""]
    while waiting:
        directory = waiting.pop()
        for entry in os.scandir(os.path.join(os.fsencode(root), directory)):
            path = os.path.join(directory, entry.name)
            found[path] = _entry(entry.path, times)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
    return found


def _entry(path: bytes, times: bool) -> Entry:
    known = os.lstat(path)
    kind, content, size = stat.S_IFMT(known.st_mode), b"", 0
    if kind == stat.S_IFLNK:
        content = os.readlink(path)
    elif kind == stat.S_IFREG:
        with open(path, "rb") as file:
            content, size = hashlib.file_digest(file, "sha256").digest(), known.st_size
    mode, mtime = stat.S_IMODE(known.st_mode), known.st_mtime_ns if times else 0
    return (kind, mode, known.st_uid, known.st_gid, mtime, size, content, known.st_rdev)


def differences(before: dict[bytes, Entry], after: dict[bytes, Entry]) -> list[tuple[str, bytes]]:
    """The differences from what was: ("missing" | "extra" | an attribute, path)."""
    found = [("missing", path) for path in before.keys() - after.keys()]
    found += [("extra", path) for path in after.keys() - before.keys()]
    for path in before.keys() & after.keys():
        pairs = zip(_NAMES, before[path], after[path], strict=True)
        found += [(name, path) for name, old, new in pairs if old != new]
    return sorted(found)


def run(*arguments: object, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        capture_output=True, text=True, errors="surrogateescape", timeout=timeout, check=False,
    )  # fmt: skip


def backup(source: str, target: str, *more: object) -> tuple[int, dict[str, Any]]:
    """A backup: its exit code, and what it prints, or its errors as `stderr` where it prints no JSON."""
    done = run("run", source, target, "--json", *more)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = {"status": "no JSON", "stderr": done.stderr[-1500:]}
    return done.returncode, said


def series(target: str) -> str:
    """Where the daily snapshots are."""
    return os.path.join(target, "efs-backup", "daily")


def published(target: str) -> list[str]:
    """The snapshots, oldest first."""
    names = os.listdir(series(target)) if os.path.isdir(series(target)) else []
    return sorted(os.path.join(series(target), name) for name in names if name[0].isdigit() and name.endswith("Z"))


class Area:
    """A directory of its own in the room of the guard; it and all attackers end together."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="attack-", dir=os.environ["AREA"])
        os.chmod(self.path, 0o755)
        self.attackers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Area":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_attacks()
        subprocess.run(["rm", "-rf", self.path], check=True)

    def __call__(self, *names: str) -> str:
        """The path of something in it."""
        return os.path.join(self.path, *names)

    def dir(self, *names: str, owner: int = 0, mode: int = 0o755) -> str:
        """A directory, with those above it."""
        path = self(*names)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        os.chown(path, owner, owner)
        return path

    def file(self, *names: str, data: bytes = b"x", owner: int = 0, mode: int = 0o644) -> str:
        """A file, with the directories above it."""
        path = self(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        os.chown(path, owner, owner)
        return path

    def attack(self, code: str, *arguments: object) -> subprocess.Popen[bytes]:
        """Python code, run by the unprivileged user until the area ends."""
        attacker = subprocess.Popen(
            [_attackers_python(), "-c", code, *map(str, arguments)], user=UID, group=UID, extra_groups=[]
        )
        self.attackers.append(attacker)
        return attacker

    def still_attacked(self) -> bool:
        """Whether each attacker is still at it."""
        return all(attacker.poll() is None for attacker in self.attackers)

    def end_attacks(self) -> None:
        """Kill the attackers."""
        for attacker in self.attackers:
            attacker.kill()
            attacker.wait()


def _attackers_python() -> str:
    """A Python that the unprivileged user may start: that of the tests may be root's own."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        start = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "env", python, "-c", "import ctypes"]
        if subprocess.run(start, capture_output=True, check=False).returncode == 0:
            return python
    return cannot("an unprivileged user may start no Python here")


def cannot(why: str) -> NoReturn:
    """End untried."""
    print(f"not tried: {why}")
    sys.exit(77)


def verdict(fails: object, what: str) -> NoReturn:
    """End: well where nothing has failed."""
    print(("FAIL: " if fails else "ok: ") + what)
    sys.exit(1 if fails else 0)
