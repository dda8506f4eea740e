"""Random changes, backups, prunes and kills: every snapshot stays what it was."""

import os
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from efs_backup.domain.requests.requests import Asked, BackupRequest
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.window import Window
from efs_backup.domain.warnings import WarningKind
from efs_backup.engine.machine.process import Runner
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.backup import BackupRun
from efs_backup.engine.series.prune import prune_series
from efs_backup.engine.series.series import Series
from tests.support.builders import Fact, account
from tests.support.cli import A_FIRST_BACKUP_IS_MEANT, Cli
from tests.support.processes import end_all_on
from tests.support.watchers import Quiet

_NAMES = st.sampled_from(["a", "b", "c", "new\nline", "no utf-8 \udcff", ".snapshot", "-n", "it's"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_MODES = st.sampled_from([0o000, 0o400, 0o644, 0o755, 0o1777, 0o2755])
_BASE_NS = 1_700_000_000_000_000_000


class Nights(RuleBasedStateMachine):
    """A source that changes, and a backup of it that is kept, pruned, and cut off at any moment."""

    copier = Copier.LINKS

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="nights-"))
        self.source, self.backup = self.place / "source", self.place / "backup"
        self.published: dict[str, dict[str, Fact]] = {}
        self.clock_ns = _BASE_NS

    @initialize()
    def begin(self) -> None:
        """An empty source."""
        self.source.mkdir()
        self.backup.mkdir()
        os.utime(self.source, ns=(self.clock_ns, self.clock_ns))

    def teardown(self) -> None:
        """Leave nothing; the fpsync of a killed backup that no other one has ended would run on."""
        end_all_on(self.place)
        shutil.rmtree(self.place)

    def _touch(self, path: Path) -> None:
        """A time of its own for each change: what keeps size and mtime cannot be seen by any rsync."""
        self.clock_ns += 1
        os.utime(path, ns=(self.clock_ns, self.clock_ns), follow_symlinks=False)

    def _free(self, path: str) -> Path | None:
        """The place for a new entry, where there is one."""
        place = self.source / path
        is_free = not os.path.lexists(place) and all(
            not os.path.lexists(parent) or (parent.is_dir() and not parent.is_symlink())
            for parent in place.parents
            if parent.is_relative_to(self.source)
        )
        if not is_free:
            return None
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _existing(self, path: str) -> Path | None:
        place = self.source / path
        return place if os.path.lexists(place) and not place.parent.is_symlink() else None

    @rule(path=_PATHS, content=st.binary(max_size=40))
    def write(self, path: str, content: bytes) -> None:
        """A file is made, or written anew in place, through all its names."""
        place = self._existing(path) or self._free(path)
        if place and not place.is_symlink() and (place.is_file() or not place.exists()):
            place.write_bytes(content)
            self._touch(place)

    @rule(path=_PATHS, mode=_MODES)
    def change_mode(self, path: str, mode: int) -> None:
        """Only the mode changes."""
        place = self._existing(path)
        if place and not place.is_symlink():
            place.chmod(mode)

    @rule(path=_PATHS)
    def remove(self, path: str) -> None:
        """A file or a whole directory goes."""
        place = self._existing(path)
        if place and place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        elif place:
            place.unlink()

    @rule(path=_PATHS)
    def make_directory(self, path: str) -> None:
        """An empty directory."""
        place = self._free(path)
        if place:
            place.mkdir()

    @rule(path=_PATHS, leads_to=_NAMES)
    def make_symlink(self, path: str, leads_to: str) -> None:
        """A symlink, most often dangling."""
        place = self._free(path)
        if place:
            place.symlink_to(leads_to)
            self._touch(place)

    @rule(path=_PATHS, other=_PATHS)
    def make_hard_link(self, path: str, other: str) -> None:
        """A second name for a file."""
        old, new = self._existing(path), self._free(other)
        if old and new and not (old.is_dir() and not old.is_symlink()):
            os.link(old, new, follow_symlinks=False)

    @rule(path=_PATHS, other=_PATHS)
    def rename(self, path: str, other: str) -> None:
        """A move, also of directories."""
        old, new = self._existing(path), self._free(other)
        if old and new and not new.is_relative_to(old):
            old.rename(new)

    @rule(path=_PATHS)
    def part_hard_links(self, path: str) -> None:
        """A name becomes a file of its own, equal in all else."""
        place = self._existing(path)
        if place and place.is_file() and not place.is_symlink():
            beside = place.with_name("beside")
            shutil.copy2(place, beside)
            os.utime(beside, ns=(place.stat().st_atime_ns, place.stat().st_mtime_ns))
            beside.rename(place)

    @rule(retain=st.integers(1, 4))
    def back_up(self, retain: int) -> None:
        """A backup publishes the source as it is."""
        tuning = Tuning(self.copier)
        asked = Asked(Retention(retain), init=True, saves=True, confirms=True)
        order = BackupRequest(str(self.source), str(self.backup), tuning=tuning, allow_empty=True, asked=asked)
        runner, stop = Runner.with_new_family(), Stop(Window())
        result = BackupRun(order, now=datetime.now(UTC), runner=runner, stop=stop, watcher=Quiet()).run()
        assert result.status is BackupStatus.SUCCESS, result
        assert result.path is not None
        self.published[str(result.snapshot)] = account(self.source)
        if WarningKind.CLOCK_JUMPED not in [warned.kind for warned in result.warnings]:  # as where the time is faked
            self._expect_newest(retain)

    @rule(seconds=st.floats(0.1, 0.7), signal=st.sampled_from([2, 9, 15]))
    def back_up_and_kill(self, seconds: float, signal: int) -> None:
        """A backup is stopped or killed at any moment; it may have published by then, or not."""
        environment: dict[str, Any] = {**os.environ, "TMPDIR": str(self.place), **A_FIRST_BACKUP_IS_MEANT}
        cli = Cli(environment)
        cli.copier = self.copier
        line = cli.line("run", self.source, self.backup, "--retain", 170, "--allow-empty")
        process = subprocess.Popen(
            line, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(seconds)
        process.send_signal(signal)
        process.wait()
        for name in self._names():
            self.published.setdefault(name, account(self.source))

    @rule(retain=st.integers(1, 4))
    def prune(self, retain: int) -> None:
        """Older snapshots go."""
        now = datetime.now(UTC)
        series = Series(self.backup, FolderLabel("efs-backup"), Interval.DAILY, now)
        if series.exists:
            prune_series(series, Retention(retain), now=now, family="prune", stop=Stop(Window()), is_confirmed=True)
            self._expect_newest(retain)

    def _expect_newest(self, count: int) -> None:
        kept = sorted(self.published)[-count:]
        self.published = {name: facts for name, facts in self.published.items() if name in kept}

    def _names(self) -> list[str]:
        series = self.backup / "efs-backup" / "daily"
        return sorted(path.name for path in series.glob("2*")) if series.is_dir() else []

    @invariant()
    def every_snapshot_is_what_it_was(self) -> None:
        """Byte for byte and attribute for attribute as when it was published; none is missing, none is more."""
        if self.backup.is_dir():
            assert self._names() == sorted(self.published)
            for name, facts in self.published.items():
                assert account(self.backup / "efs-backup" / "daily" / name) == facts


class RsyncNights(Nights):
    """The same with rsync alone."""

    copier = Copier.RSYNC


_SETTINGS = settings(stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
Nights.TestCase.settings = settings(_SETTINGS, max_examples=settings().max_examples // 2)
RsyncNights.TestCase.settings = settings(_SETTINGS, max_examples=5)
test_snapshots_survive_random_nights = Nights.TestCase
test_snapshots_survive_random_nights_of_rsync = pytest.mark.former(RsyncNights.TestCase)
