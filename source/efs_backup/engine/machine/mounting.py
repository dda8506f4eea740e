"""Mounting file systems and making sure that they are there."""

import logging
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from efs_backup.domain.errors import MountFailed
from efs_backup.domain.operations.mounting import HELPER, MountTarget, mount_command, nearest
from efs_backup.engine.machine.mounts import mounted_at
from efs_backup.engine.machine.process import Runner

MOUNT_SECONDS = 180.0
PROBE_SECONDS = 30.0

_logger = logging.getLogger(__name__)
_CHECK_NETWORK = (
    "Check the mount targets, and that their security group lets in NFS (2049) from the instance's; or the file"
    " system's policy wants encrypted mounts, which need amazon-efs-utils."
)


class Mounter:
    """Mounts file systems below one directory, which belongs to this program alone.

    `kinds` are the kinds of file system that may be found there once it is mounted.
    """

    def __init__(self, runner: Runner, place: Path, zone: str, kinds: Collection[str]) -> None:
        self._runner = runner
        self._place = place
        self._zone = zone
        self._kinds = kinds

    @contextmanager
    def mounted(
        self, file_system: str, targets: Sequence[MountTarget], name: str, *, read_only: bool, access_point: str = "",
        profile: str = "",
    ) -> Iterator[Path]:  # fmt: skip
        """The file system, mounted, checked, and unmounted in the end. Raises MountFailed."""
        at = self._place / name
        self._unmount_left_behind(at)
        at.mkdir(parents=True, exist_ok=True)
        target = nearest(targets, self._zone, file_system)
        command = mount_command(
            file_system, target.address, str(at),
            with_helper=shutil.which(HELPER) is not None, read_only=read_only, access_point=access_point,
            profile=profile,
        )  # fmt: skip
        done = self._runner.run_within(command, MOUNT_SECONDS)
        if done is None:
            raise MountFailed(f"{file_system} at {target.address} did not answer.", _CHECK_NETWORK)
        if done.code != 0:
            raise MountFailed(f"{file_system} could not be mounted: {done.stderr.strip()}", _CHECK_NETWORK)
        try:
            self._check(file_system, at)
            yield at
        finally:
            self._runner.run_within(("umount", "--lazy", str(at)), PROBE_SECONDS)

    def _unmount_left_behind(self, at: Path) -> None:
        """A program that was killed has left its mount, and the kernel refuses the same one twice at one place."""
        while mounted_at(str(at)):
            _logger.info("What a killed program has left mounted at %s is unmounted", at)
            done = self._runner.run_within(("umount", "--lazy", str(at)), PROBE_SECONDS)
            if done is None or done.code != 0:
                return

    def _check(self, file_system: str, at: Path) -> None:
        """A mount that failed without a word is an empty directory, which would be copied with success."""
        mounted = mounted_at(str(at))
        if mounted is None or mounted.kind not in self._kinds:
            found = f"a file system of kind {mounted.kind}" if mounted else "no mounted file system"
            raise MountFailed(f"Where {file_system} should be mounted there is {found}.", _CHECK_NETWORK)
        probe = self._runner.run_within(("stat", "--file-system", str(at)), PROBE_SECONDS)
        if probe is None or probe.code != 0:
            raise MountFailed(f"{file_system} is mounted but does not answer.", _CHECK_NETWORK)
        _logger.info("%s is mounted: %s of kind %s with %s", file_system, mounted.device, mounted.kind, mounted.options)


def inside(mounted: Path, prefix: str) -> Path:
    """A directory given by its path from a file system's root. Raises MountFailed where it would lead out of it."""
    if ".." in prefix.split("/"):
        raise MountFailed(f"The prefix {prefix!r} leads out of the file system.")
    return Path(os.path.normpath(mounted / prefix.strip("/")))
