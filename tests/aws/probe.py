#!/usr/bin/env python3
"""The probe on a helper instance: it makes and sums trees, and asks Amazon EFS what only Amazon EFS can say.

It is one file and knows the standard library alone, for it is an instance's user data. As that, without arguments, it
installs itself and watches apt's locks for a while. Called by Run Command with the name of a question it prints its
answer as JSON.
"""

import ctypes
import errno
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

INSTALLED = "/opt/efs-backup-try/probe.py"
WATCH_SECONDS = 600
_WATCHED = Path("/var/log/efs-backup-try-apt.json")
_APT_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")
_OPTIONS = "nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport"
_IN_A_DIRECTORY = 50
_BLOCK = 1 << 20
_MANY_LINKS = 400


def mount(address: str, place: str) -> str:
    """A file system is mounted, by plain NFS; the client is installed if it is missing."""
    missing = subprocess.run(("dpkg", "--status", "nfs-common"), capture_output=True, check=False).returncode
    if missing:
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        for words in ("update", "install --yes --no-install-recommends nfs-common"):
            apt = ("apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=600", *words.split())
            subprocess.run(apt, capture_output=True, check=True)
    os.makedirs(place, exist_ok=True)
    subprocess.run(("mount", "-t", "nfs4", "-o", _OPTIONS, f"{address}:/", place), check=True)
    return place


def make(root: str, files: str, first: str = "0") -> int:
    """Make so many files with content of their own, in directories; a link of each kind and a hole among them."""
    for number in range(int(first), int(first) + int(files)):
        directory = Path(root, f"directory {number // _IN_A_DIRECTORY:03}")
        directory.mkdir(exist_ok=True)
        _write(directory / f"file {number:05}", number)
    beside = Path(root, f"beside {first}")
    beside.mkdir(exist_ok=True)
    os.symlink("nowhere", beside / "symbolic link")
    os.link(directory / f"file {number:05}", beside / "hard link")
    with open(beside / "hole", "wb") as hole:
        hole.truncate(_BLOCK)
    return int(files)


def change(root: str) -> dict[str, int]:
    """A day passes: of twenty files one grows, one goes, one gets another mode."""
    kinds = {0: "grown", 1: "gone", 2: "changed"}
    done = dict.fromkeys(kinds.values(), 0)
    for number, path in enumerate(sorted(Path(root).glob("directory */file *"))):
        kind = kinds.get(number % 20)
        if kind == "grown":
            path.write_bytes(path.read_bytes() + b"more\n")
        elif kind == "gone":
            path.unlink()
        elif kind == "changed":
            path.chmod(0o600)
        if kind:
            done[kind] += 1
    return done


def sums(root: str) -> dict[str, Any]:
    """One checksum over all that is below a directory, and one for each name directly in it."""
    whole, parts = hashlib.sha256(), {}
    count = 0
    for name in sorted(os.listdir(root)):
        part = hashlib.sha256()
        for line in _lines(os.path.join(root, name), name):
            part.update(line.encode("utf-8", "surrogateescape"))
            count += 1
        parts[name] = part.hexdigest()[:12]
        whole.update(part.digest())
    return {"entries": count, "sha256": whole.hexdigest(), "parts": parts}


def copied(root: str) -> int:
    """How many files the unfinished snapshots below a folder label hold."""
    return sum(path.is_file() for path in Path(root).glob("*/.partial-*/**/*"))


def hard_links(place: str) -> dict[str, Any]:
    """How many names a file may have, and what the name after the last is answered."""
    with _directory(place, "links") as here:
        (here / "0").write_text("x")
        for number in range(1, _MANY_LINKS):
            try:
                os.link(here / "0", here / str(number))
            except OSError as error:
                return {"names": number, "then": errno.errorcode.get(error.errno or 0, str(error))}
    return {"names": _MANY_LINKS, "then": "no end was met"}


def times(place: str) -> dict[str, Any]:
    """Whether nanoseconds are kept, and what moves a ctime."""
    with _directory(place, "times") as here:
        file, told = here / "file", (1_600_000_000_123_456_789, 1_600_000_001_987_654_321)
        file.write_text("x")
        os.utime(file, ns=told)
        found = [os.stat(file)]
        acts: tuple[Callable[[], None], ...] = (lambda: os.link(file, here / "link"), lambda: file.chmod(0o600))
        for act in acts:
            time.sleep(0.05)
            act()
            found.append(os.stat(file))
        kept = (found[0].st_atime_ns, found[0].st_mtime_ns) == told
        moved = [after.st_ctime_ns != before.st_ctime_ns for before, after in itertools.pairwise(found)]
        return {
            "atime and mtime are kept to the nanosecond": kept, "a link moves the ctime": moved[0],
            "a chmod moves the ctime": moved[1], "nanoseconds of ctimes": [each.st_ctime_ns % 10**9 for each in found],
        }  # fmt: skip


def statfs(place: str) -> dict[str, Any]:
    """Ask the file system about itself."""
    told = subprocess.run(
        ("stat", "--file-system", "--format=%t %T %s %b %a %c %d", place), capture_output=True, text=True, check=True
    )
    names = ("magic", "kind", "block size", "blocks", "available", "inodes", "free inodes")
    return dict(zip(names, told.stdout.split(), strict=True))


def entry_types(place: str) -> dict[str, int]:
    """List the types of each kind of entry as a listing tells them (d_type): 0 is DT_UNKNOWN."""
    with _directory(place, "types") as here:
        (here / "directory").mkdir()
        (here / "file").write_text("x")
        (here / "link").symlink_to("file")
        os.mkfifo(here / "fifo")
        return dict(_listed(here))


def hold(file: str) -> dict[str, int]:
    """A lock is taken, and held by a process that stays until the machine is no more."""
    held = os.open(file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    holder = os.fork()
    if holder == 0:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        time.sleep(3600)
        os._exit(0)
    return {"process": holder}


def wait_for_lock(file: str, seconds: str) -> dict[str, float | None]:
    """How long it takes until a lock can be had; None where that takes too long."""
    held, start = os.open(file, os.O_RDWR | os.O_CREAT), time.monotonic()
    while time.monotonic() < start + float(seconds):
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.2)
        else:
            return {"seconds": round(time.monotonic() - start, 1)}
    return {"seconds": None}


def apt_locks() -> Any:
    """When apt's locks were held since the boot."""
    while not _WATCHED.exists():
        time.sleep(0.2)
    return json.loads(_WATCHED.read_text())


def _write(path: Path, number: int) -> None:
    path.write_bytes(hashlib.sha256(str(number).encode()).digest() * (1 + number % 97))
    path.chmod((0o644, 0o600, 0o755)[number % 3])
    os.utime(path, ns=(1_600_000_000_000_000_000 + number, 1_600_000_000_123_456_000 + number))


def _lines(path: str, name: str) -> Iterator[str]:
    """A line for an entry and for each below it: all that a backup has to bring."""
    found = os.lstat(path)
    content, size = "", found.st_size
    if stat.S_ISREG(found.st_mode):
        content = _sum_of(path)
    elif stat.S_ISLNK(found.st_mode):
        content = os.readlink(path)
    else:
        size = 0
    yield f"{name} {found.st_mode:o} {found.st_uid}:{found.st_gid} {size} {found.st_mtime_ns} {content}\0"
    if stat.S_ISDIR(found.st_mode):
        for below in sorted(os.listdir(path)):
            yield from _lines(os.path.join(path, below), f"{name}/{below}")


def _sum_of(path: str) -> str:
    total = hashlib.sha256()
    with open(path, "rb") as content:
        while block := content.read(_BLOCK):
            total.update(block)
    return total.hexdigest()


class _directory:  # noqa: N801 - a context manager
    """A directory for one question, gone with it."""

    def __init__(self, place: str, name: str) -> None:
        self._path = Path(place, f".try-{name}")

    def __enter__(self) -> Path:
        self._path.mkdir()
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path)


class _Entry(ctypes.Structure):
    """readdir(3) of glibc on 64-bit Linux."""

    _fields_ = (
        ("inode", ctypes.c_uint64), ("offset", ctypes.c_int64), ("length", ctypes.c_uint16),
        ("type", ctypes.c_uint8), ("name", ctypes.c_char * 256),
    )  # fmt: skip


def _listed(directory: Path) -> Iterator[tuple[str, int]]:
    libc = ctypes.CDLL(None)
    libc.opendir.restype = ctypes.c_void_p
    libc.readdir.argtypes, libc.readdir.restype = (ctypes.c_void_p,), ctypes.POINTER(_Entry)
    libc.closedir.argtypes = (ctypes.c_void_p,)
    opened = libc.opendir(os.fsencode(directory))
    while entry := libc.readdir(opened):
        name = entry.contents.name.decode()
        if not name.startswith("."):
            yield name, entry.contents.type
    libc.closedir(opened)


def _install() -> None:
    """Be found by Run Command, and watch."""
    os.makedirs(os.path.dirname(INSTALLED), exist_ok=True)
    shutil.copy(__file__, f"{INSTALLED}.new")
    os.rename(f"{INSTALLED}.new", INSTALLED)
    held = dict.fromkeys(_APT_LOCKS, 0)
    for second in range(WATCH_SECONDS):
        for lock in _held():
            held[lock] += 1
        _WATCHED.write_text(json.dumps({"booted": time.strftime("%H:%M UTC"), "watched": second + 1, "held": held}))
        time.sleep(1)


def _held() -> list[str]:
    """The locks of apt that somebody holds: the kernel's list names files by device and inode."""
    lines = Path("/proc/locks").read_text().splitlines()
    listed = {line.split()[5].rpartition(":")[2] for line in lines if "->" not in line}
    return [lock for lock in _APT_LOCKS if os.path.exists(lock) and str(os.stat(lock).st_ino) in listed]


_QUESTIONS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        mount, make, change, sums, copied, hard_links, times, statfs, entry_types, hold, wait_for_lock, apt_locks,
    )
}  # fmt: skip

if __name__ == "__main__":
    if len(sys.argv) == 1:
        _install()
    else:
        print(json.dumps(_QUESTIONS[sys.argv[1]](*sys.argv[2:])))
