"""The facts that must be true of a night over real NFS."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deployment.local_cloud.cloud import CloudTimeout

OPTIONS = frozenset({"vers=4.1", "rsize=1048576", "wsize=1048576", "hard", "noresvport", "timeo=600", "retrans=2"})
"""The options that the kernel shall have negotiated: the settings that the Amazon EFS User Guide recommends."""
_MOUNTED = re.compile(r"(\S+) is mounted: (\S+) of kind (\S+) with (\S+)")


class CheckFailed(Exception):
    """Something is not as it must be."""


@dataclass(frozen=True)
class Mount:
    """A mount as the kernel tells it."""

    device: str
    kind: str
    options: frozenset[str]


def mounts(log: str) -> dict[str, Mount]:
    """The mounts of which the agent's log tells, by the file system."""
    found = _MOUNTED.findall(log)
    return {name: Mount(device, kind, frozenset(options.split(","))) for name, device, kind, options in found}


def check(is_so: bool, what: str) -> None:
    """Raise CheckFailed with what is not so."""
    if not is_so:
        raise CheckFailed(what)


def check_equal(what: str, found: object, wanted: object) -> None:
    """Raise CheckFailed where something is not what it should be."""
    check(found == wanted, f"{what}: {found!r}, and not {wanted!r}")


def check_same(what: str, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    """Raise CheckFailed with the first paths of two trees that differ."""
    differing = sorted(path for path in {*found, *wanted} if found.get(path) != wanted.get(path))
    first = [f"{path}: {found.get(path)}, and not {wanted.get(path)}" for path in differing[:3]]
    check(not differing, f"{what}: {len(differing)} paths differ. {'; '.join(first)}")


def check_mount(mount: Mount | None, access: str, addresses: list[str]) -> None:
    """Raise CheckFailed where this is not a mount by the kernel's NFS client of one of these addresses."""
    if mount is None:
        raise CheckFailed("The agent's log does not tell of both mounts")
    check_equal("The kind of the mount", mount.kind, "nfs4")
    check(mount.device in {f"{address}:/" for address in addresses}, f"{mount.device} is no mount target")
    missing = sorted((OPTIONS | {access}) - mount.options)
    check(not missing, f"{mount.device} is mounted without {missing}: {sorted(mount.options)}")


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """End the program with code 1 where something goes wrong in here, saying what it was and where to look."""
    try:
        yield
    except (AssertionError, CheckFailed, CloudTimeout) as error:
        raise SystemExit(
            f"FAILED: {error or type(error).__name__}\n"
            f"Look at the guests ({place}/cloud/instances/*/log: console.log, cloud-init-output.log,"
            f" efs-backup-agent.log),\nthe NFS servers ({place}/servers/*/ganesha.log), the network"
            f" ({place}/network/dnsmasq.log) and the Lambda ({place}/cloud/functions/*/log)."
        ) from error


@contextmanager
def timed(console: Console, text: str) -> Iterator[None]:
    """Say how many seconds something took; where it fails, say what failed."""
    started = time.monotonic()
    try:
        yield
    except BaseException:
        console.print(f"{time.monotonic() - started:7.1f} s  Not done: {text}")
        raise
    console.print(f"{time.monotonic() - started:7.1f} s  {text}")
