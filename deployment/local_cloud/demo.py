"""The whole solution on this machine: four nights, an operator's look, and a restore, as a live timeline."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deployment.local_cloud.assembly import Assembly, synthesize_apart
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.machines.functions import Invocation
from deployment.local_cloud.place import OPERATOR, REGION
from deployment.local_cloud.stacks import BackupStack, bootstrap, deploy, make_file_system
from efs_backup.domain.operations.record import BackupRecord

_FILES = 2500 * ((os.cpu_count() or 1) + 3)
"""Enough to see something go on."""

_SAMPLE = (
    "find /usr/lib /usr/share /usr/include -xdev -type f -size -64k -readable -print0 2>/dev/null"
    f" | head --zero-terminated --lines={_FILES} | rsync --archive --no-owner --no-group --from0 --files-from=- / "
)
_SCHEDULE = "cron(0 2 1 1 ? 2199)"
_STACK = "backups"
_PROGRAM = Path(sys.executable).with_name("efs-backup")


class Demo:
    """One site, and what is said of it."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._console = Console(highlight=False, soft_wrap=True)
        self._started = time.monotonic()

    def run(self) -> None:
        """Show it all."""
        self._title("The CDK synthesizes both stacks")
        assembly = synthesize_apart(self._place / "assembly")
        with LocalCloud(self._place / "cloud") as cloud:
            cloud.fleet.announce = self._say
            cloud.functions.listener = self._tell_invocation
            source, stack = self._deploy(cloud, assembly)
            self._nights(cloud, stack, source)
            self._operate(cloud)
            self._restore(cloud, stack, source)
            self._sum_up(cloud, stack)

    def _deploy(self, cloud: LocalCloud, assembly: Assembly) -> tuple[Path, BackupStack]:
        self._title("A file system with real files, and the backup stack")
        bootstrap(cloud, assembly)
        file_system = make_file_system(cloud, "source")
        source = cloud.file_systems.folder(file_system)
        subprocess.run(["/bin/bash", "-c", f'{_SAMPLE} "$0"', f"{source}/"], check=True)
        given = {
            "SrcEFS": file_system, "BackupWindow": "60", "BackupSchedule": _SCHEDULE, "RestoreInPlace": "Yes",
        }  # fmt: skip
        stack = BackupStack(cloud, _STACK, deploy(cloud, _STACK, assembly.template("EfsBackup"), given))
        self._say(f"The stack backs up {file_system} to {stack.outputs['BackupEFS']}")
        return source, stack

    def _nights(self, cloud: LocalCloud, stack: BackupStack, source: Path) -> None:
        self._title("The first night: everything is copied")
        self._night(stack)
        self._title("By day 40 files grow and 20 are deleted; the second night copies what changed")
        files = sorted(path for path in source.rglob("*") if path.is_file())
        for path in files[:40]:
            path.write_bytes(path.read_bytes() + b"\nmore\n")
        for path in files[40:60]:
            path.unlink()
        self._night(stack)
        self._title("All files change; the third night is slow, and its window closes")
        for path in files[60:]:
            os.utime(path)
        cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = "40"
        stack.fire_schedule()
        partials = Path(cloud.file_systems.folder(stack.outputs["BackupEFS"]), "efs-backup", "daily")
        cloud.wait("files are copied", lambda: any(partials.glob(".partial-*/*")))
        self._say("The clock of AWS is put forward to the end of the window")
        cloud.advance(46)
        self._tell_end(stack.wait_for_the_end(120))
        self._title("The fourth night continues from what was copied")
        cloud.fleet.environment["LOCAL_CLOUD_OPERATIONS"] = "0"
        self._night(stack)

    def _night(self, stack: BackupStack) -> None:
        self._say("The schedule fires")
        stack.fire_schedule()
        self._tell_end(stack.wait_for_the_end(120))

    def _operate(self, cloud: LocalCloud) -> None:
        """Ask of a stack what an operator asks. The doctor's findings are true of the emulation."""
        self._title("An operator looks from a terminal")
        self._command(cloud, "status")
        self._command(cloud, "history")
        self._command(cloud, "doctor")
        self._say("What is missing is missing here: an emulation has neither routes nor Canonical's AMI")

    def _restore(self, cloud: LocalCloud, stack: BackupStack, source: Path) -> None:
        lost = min(path for path in (source / "usr").glob("*/*") if path.is_dir())
        place = f"/{lost.relative_to(source)}"
        self._title(f"The directory {place} is lost; a command brings it back")
        before = sorted(path.name for path in lost.rglob("*"))
        shutil.rmtree(lost)
        self._command(cloud, "restore", "--path", place, "--to-original", "--follow", "--yes")
        cloud.wait("the restore is over", stack.is_quiet, 120)
        equal = sorted(path.name for path in lost.rglob("*")) == before
        self._say(f"{len(before)} names are back" if equal else "[red]Not all is back[/]")

    def _command(self, cloud: LocalCloud, *words: str) -> None:
        """Run `efs-backup stack` as the operator, who may do all; its answer is shown, whatever it is."""
        login = {
            "AWS_ENDPOINT_URL": cloud.endpoint, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": OPERATOR,
            "AWS_SECRET_ACCESS_KEY": OPERATOR,
        }  # fmt: skip
        self._say(f"$ efs-backup stack {words[0]} {_STACK} {' '.join(words[1:])}")
        subprocess.run((_PROGRAM, "stack", words[0], _STACK, *words[1:]), env={**os.environ, **login}, check=False)

    def _sum_up(self, cloud: LocalCloud, stack: BackupStack) -> None:
        self._title("The records")
        table = Table("started", "status", "files", "copied", "snapshot", "message")
        for record in stack.records():
            table.add_row(
                f"{record.start_time:%H:%M:%S}", record.status, str(record.number_of_files),
                str(record.number_of_files_transferred), record.snapshot, record.message,
            )  # fmt: skip
        self._console.print(table)
        self._title("The mail box")
        for mail in sorted(cloud.mail_box.place.iterdir()):
            self._console.print(str(mail))
        self._title("To browse")
        self._console.print(f"Snapshots:            {cloud.file_systems.folder(stack.outputs['BackupEFS'])}/efs-backup")
        self._console.print(f"Logs of the instances: {self._place}/cloud/instances/*/log")
        self._console.print(f"Logs of the Lambda:    {self._place}/cloud/functions/*/log")
        self._console.print(f"The command:           {Path(sys.executable).with_name('efs-backup')}")
        self._console.print(f"Delete all of it with: rm -rf {self._place}")

    def _tell_end(self, record: BackupRecord) -> None:
        self._say(f"[bold]{record.status}[/]: {escape(record.message or '')}")

    def _tell_invocation(self, done: Invocation) -> None:
        if done.answer is None or done.answer.error:
            self._say(f"[red]Lambda failed {done.tries} times: {done.answer and done.answer.error}[/]")
        else:
            self._say(f"Lambda decides to {done.answer.value['action']}: {escape(done.answer.value['reason'])}")

    def _title(self, text: str) -> None:
        self._console.print(f"\n[bold]== {text}[/]")

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._started:6.1f} s[/]  {text}")


def main() -> None:
    """Show it, and leave what it made."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # the emulation does not know all that is asked
    try:
        Demo(Path(tempfile.mkdtemp(prefix="efs-backup-local-cloud."))).run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
