"""Four nights and a restore over real NFS, told step by step: `python -m tests.nfs.real_nfs IMAGE BUNDLE`."""

import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console

from deployment.local_cloud.assembly import Assembly, synthesize_apart
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.stacks import bootstrap
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.nfs.checks import check, check_equal, check_mount, check_same, explained, mounts, timed
from tests.nfs.guest import Guests
from tests.nfs.network import Network, dns_name
from tests.nfs.servers import Servers
from tests.nfs.trees import DELETED, FILES, NEW, change_files, change_little, make_files
from tests.support.builders import account
from tests.support.site import Site

OUTAGE_SECONDS = 6.0
RETAINED = 2
"""Snapshots: so the third night drops one, and the fourth has a spare."""

PATIENCE_SECONDS = 900.0
"""The guest has one processor, which is slow, and the machine may have other things to do."""

_LOOK_SECONDS = 0.25


class Story:
    """The story of one site; each step is a line with its seconds."""

    def __init__(self, site: Site, servers: Servers, console: Console) -> None:
        self._site = site
        self._servers = servers
        self._console = console

    def tell(self) -> None:
        """All of it."""
        self._first_night()
        self._second_night()
        self._third_night()
        self._fourth_night()
        self._restore()

    def _first_night(self) -> None:
        make_files(self._site.source)
        with self.step("First night: the guest boots, cloud-init runs the user data"):
            self._start()
            self._wait("the agent starts", lambda: self._agent_log() is not None)
        with self.step("The guest knows the file systems by name"):
            self._check_names()
        with self.step(
            "The backup ends, Run Command calls finish in the hold, the guest is terminated, the mail is sent"
        ):
            self._check_end(self._site.end_of_night())
        with self.step("Both mounts were the kernel's, NFS 4.1, with the recommended options"):
            self._check_mounts()
        with self.step(f"The snapshot equals the source: {FILES} files"):
            self._check_snapshots()

    def _second_night(self) -> None:
        change_files(self._site.source)
        self._servers.renew()
        with self.step("Second night: another guest boots, mounts and copies"):
            self._start()
            self._wait("files are copied", lambda: self._copied() >= (FILES + NEW) // 8)
        with self.step(f"The NFS server of the backup is killed in the middle, and back after {OUTAGE_SECONDS:.0f} s"):
            self._break_off(self._site.backup.name)
        with self.step("The backup goes on and ends as if nothing had been"):
            self._check_end(self._site.end_of_night())
        with self.step("Both snapshots equal what the source was"):
            check_equal("The number of snapshots", len(self._site.snapshots()), 2)
            self._check_snapshots()

    def _third_night(self) -> None:
        self._spend_a_day("third")
        with self.step("Third night: the oldest snapshot is dropped, and becomes the spare"):
            self._start()
            self._check_end(self._site.end_of_night())
            check_equal("The spares", len(self._spares()), 1)
        self._check_kept()

    def _fourth_night(self) -> None:
        self._spend_a_day("fourth")
        (spare,) = self._spares()
        with self.step("Fourth night: the spare becomes the snapshot, and what changed by day is all that is written"):
            self._start()
            ended = self._site.end_of_night()
            self._check_end(ended)
            check_equal("The inode of the snapshot", _inode(self._series / str(ended.snapshot)), spare)
        self._check_kept()

    def _spend_a_day(self, which: str) -> None:
        change_little(self._site.source, which)
        self._servers.renew()

    def _check_kept(self) -> None:
        for name in sorted(self._site.truths)[:-RETAINED]:
            del self._site.truths[name]
        with self.step(f"The {RETAINED} snapshots that are kept equal what the source was"):
            check_equal("The snapshots", self._site.snapshots(), sorted(self._site.truths))
            self._check_snapshots()

    def _spares(self) -> list[int]:
        """The inodes of the trees that are kept as spares."""
        return [_inode(path) for path in self._series.glob(".spare-*") if path.is_dir()]

    @property
    def _series(self) -> Path:
        return self._site.backup / "efs-backup" / "daily"

    def _restore(self) -> None:
        lost = self._site.source / "directory-3"
        before = account(lost)
        shutil.rmtree(lost)
        self._servers.renew()
        with self.step(f"A directory of {len(before) - 1} files is lost; a restore stack brings it back"):
            subject = self._site.restore(RestoreSubDir=f"/{lost.name}", RestorePrefix=f"/{lost.name}")
            check("succeeded" in subject, f"The mail says: {subject}")
            check_same("The restored directory", account(lost), before)

    def _check_names(self) -> None:
        for file_system in (self._site.source.name, self._site.backup.name):
            answer = self._in_guest(f"getent hosts {dns_name(file_system)}").split()
            addresses = self._servers.addresses(file_system)
            check(answer[0] in addresses, f"The name of {file_system} leads to {answer[0]}, and not to {addresses}")

    def _check_mounts(self) -> None:
        found = mounts(self._agent_log() or "")
        for folder, access in ((self._site.source, "ro"), (self._site.backup, "rw")):
            check_mount(found.get(folder.name), access, self._servers.addresses(folder.name))

    def _agent_log(self) -> str | None:
        """Of the only guest so far; it is on the host."""
        logs = list(self._site.cloud.place.glob("instances/*/log/efs-backup-agent.log"))
        return logs[0].read_text() if logs else None

    def _check_end(self, backup: BackupRecord) -> None:
        check_equal(f"The status ({backup.message})", backup.status, BackupStatus.SUCCESS)
        check("EFS backup succeeded" in self._site.subjects()[-1], f"The mail says: {self._site.subjects()[-1]}")
        check_equal("The commands", set(self._site.ended_commands()), {"Success"})
        check_equal("The NFS servers that died", self._servers.dead(), [])

    def _check_snapshots(self) -> None:
        for name, truth in self._site.truths.items():
            check_same(f"The snapshot {name}", account(self._series / name), truth)
        self._site.assert_nothing_left()

    def _break_off(self, file_system: str) -> None:
        addresses = self._servers.addresses(file_system)
        for address in addresses:
            self._servers.kill(address)
        copied = self._copied()
        check(copied < FILES - DELETED + NEW, f"The copy was over before the server was killed: {copied} files")
        time.sleep(OUTAGE_SECONDS)
        check_equal("The status during the outage", self._site.stack.records()[-1].status, BackupStatus.RUNNING)
        for address in addresses:
            self._servers.start(address)

    def _in_guest(self, line: str) -> str:
        (serving,) = self._site.stack.instances()
        machine = self._site.cloud.fleet.running(serving)
        check(machine is not None, f"The guest {serving} is gone")
        stdout, stderr = machine.start(line).communicate() if machine else (b"", b"")
        check(bool(stdout), f"The guest does not answer to {line!r}: {stderr.decode()}")
        return stdout.decode()

    def _start(self) -> None:
        """The schedule fires, and its backup is on record."""
        known = len(self._site.stack.records())
        self._site.stack.fire_schedule()
        self._site.cloud.wait("the backup starts", lambda: len(self._site.stack.records()) > known)

    def _wait(self, what: str, is_so: Callable[[], bool]) -> None:
        """Or for the end of the backup, which then is too early."""
        self._site.cloud.wait(what, lambda: is_so() or self._is_over(), PATIENCE_SECONDS, every=_LOOK_SECONDS)
        check(not self._is_over(), f"The backup ended too early: {self._site.stack.records()[-1].message}")

    def _is_over(self) -> bool:
        return self._site.stack.records()[-1].status is not BackupStatus.RUNNING

    def _copied(self) -> int:
        """The files in the partial."""
        partials = self._series.glob(".partial-*")
        return sum(path.is_file() for partial in partials for path in partial.rglob("*"))

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """A step: one line, when it is done."""
        with timed(self._console, text):
            yield


def _inode(path: Path) -> int:
    return path.stat().st_ino


def play(place: Path, image: Path, bundle: Path) -> None:
    """The whole story, in a place for all it leaves."""
    console = Console(highlight=False, soft_wrap=True)
    with timed(console, "The CDK synthesizes both stacks, with the real bundle"):
        assembly = synthesize_apart(place / "assembly", bundle)
    with closing(Network(place / "network")) as network:
        servers = Servers(network, place / "servers", place / "cloud" / "file-systems" / "by-address")
        with closing(servers), LocalCloud(place / "cloud", Guests(network, servers, image)) as cloud:
            network.open_aws(cloud.gate)
            with timed(console, "CloudFormation makes the backup stack"):
                site = build(cloud, assembly)
            Story(site, servers, console).tell()


def build(cloud: LocalCloud, assembly: Assembly) -> Site:
    """A site that waits as long as guests take."""
    bootstrap(cloud, assembly)
    site = Site.build(cloud, assembly, Retain=str(RETAINED))
    site.patience = PATIENCE_SECONDS
    cloud.fleet.shutdown_seconds = 30.0
    return site


def main(image: str, bundle: str) -> None:
    """Tell the story; what it left is deleted if all went well."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = Path(tempfile.mkdtemp(prefix="efs-backup-real-nfs."))
    try:
        with explained(place):
            play(place, Path(image), Path(bundle).resolve())
    except KeyboardInterrupt:
        Console(stderr=True).print(f"Stopped. The logs are in {place}")
        raise SystemExit(130) from None
    shutil.rmtree(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
