"""The two file systems that an agent works on: one to read, one to write."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from efs_backup.agent.services import Machine
from efs_backup.domain.operations.mounting import MountTarget
from efs_backup.engine.machine.mounting import Mounter
from efs_backup.engine.machine.process import Runner
from efs_backup.lib.efs import FileSystems
from efs_backup.lib.insisting import insist

_logger = logging.getLogger(__name__)


class Side(NamedTuple):
    """A file system, the name of the directory that it is mounted at, and by which access point, if by one."""

    file_system: str
    name: str
    access_point: str = ""


@contextmanager
def mounted_for_reading(
    machine: Machine, file_systems: FileSystems, runner: Runner, side: Side, profile: str = ""
) -> Iterator[Path]:
    """Mount one, for reading only, with the credentials of a profile where one is given. Raises MountFailed."""
    mounter = Mounter(runner, machine.place, machine.zone, machine.mounted_kinds)
    targets = insist(lambda: file_systems.mount_targets(side.file_system))
    with mounter.mounted(side.file_system, targets, side.name, read_only=True, profile=profile) as at:
        yield at


@contextmanager
def mounted_for_writing(machine: Machine, file_systems: FileSystems, runner: Runner, side: Side) -> Iterator[Path]:
    """Mount one, to be written to. Raises MountFailed."""
    mounter = Mounter(runner, machine.place, machine.zone, machine.mounted_kinds)
    targets = insist(lambda: file_systems.mount_targets(side.file_system))
    with mounter.mounted(side.file_system, targets, side.name, read_only=False, access_point=side.access_point) as at:
        yield at


@contextmanager
def both_mounted(
    machine: Machine, file_systems: FileSystems, runner: Runner, read: Side, write: Side
) -> Iterator[tuple[Path, Path]]:
    """Mount both, the first for reading only. Raises MountFailed."""
    _logger.info("This is the instance %s, made of the AMI %s", machine.instance_id, machine.ami_id)
    mounter = Mounter(runner, machine.place, machine.zone, machine.mounted_kinds)

    def targets(file_system: str) -> tuple[MountTarget, ...]:
        return insist(lambda: file_systems.mount_targets(file_system))

    with (
        mounter.mounted(read.file_system, targets(read.file_system), read.name, read_only=True) as first,
        mounter.mounted(
            write.file_system, targets(write.file_system), write.name, read_only=False, access_point=write.access_point
        ) as second,
    ):
        yield first, second
