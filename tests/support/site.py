"""A site: a file system, the stack that backs it up, and what its operator sees."""

from dataclasses import dataclass, field
from pathlib import Path

from deployment.local_cloud.assembly import Assembly
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.machines.machine import Instance
from deployment.local_cloud.stacks import ASSETS, BackupStack, deploy, make_file_system
from efs_backup.domain.operations.record import BackupRecord
from tests.support.builders import Fact, account

NEVER = "cron(0 2 1 1 ? 2199)"
"""The tests say when the schedule fires."""


@dataclass
class Site:
    """`truths` has what the source held in each night that published a snapshot, by the snapshot's name.

    `patience` is how many seconds a night or a restore may take.
    """

    cloud: LocalCloud
    assembly: Assembly
    source_id: str
    stack: BackupStack
    truths: dict[str, dict[str, Fact]] = field(default_factory=dict)
    patience: float = 60.0

    @classmethod
    def build(cls, cloud: LocalCloud, assembly: Assembly, **given: str) -> "Site":
        """Deploy the backup stack over a new, empty file system, with these parameters."""
        source = make_file_system(cloud, "source")
        return cls(cloud, assembly, source, backup_stack(cloud, assembly, "backups", SrcEFS=source, **given))

    @property
    def source(self) -> Path:
        """The root of what is backed up."""
        return self.cloud.file_systems.folder(self.source_id)

    @property
    def backup(self) -> Path:
        """The root of the file system that holds the snapshots."""
        return self.cloud.file_systems.folder(self.stack.outputs["BackupEFS"])

    def night(self) -> BackupRecord:
        """One night; gives the record of its backup."""
        self.stack.fire_schedule()
        return self.end_of_night()

    def end_of_night(self) -> BackupRecord:
        """Wait until nothing goes on any more."""
        ended = self.stack.wait_for_the_end(self.patience)
        if ended.snapshot:
            self.truths[ended.snapshot] = account(self.source)
        return ended

    def wait_for_copy(self) -> BackupRecord:
        """Wait until files are being copied; gives the record."""
        partials = self.backup / "efs-backup" / "daily"
        self.cloud.wait(
            "files are copied", lambda: any(_files(path) for path in partials.glob(".partial-*")), self.patience
        )
        return self.stack.records()[-1]

    def restore(self, **given: str) -> str:
        """Deploy a restore stack, wait for its mail, delete it; gives the subject."""
        mails = len(self.subjects())
        made = self.restore_stack(**given)
        self.cloud.wait("the restore is over", made.is_quiet, self.patience)
        self.cloud.client("cloudformation").delete_stack(StackName="restore")
        (subject,) = self.subjects()[mails:]
        return subject

    def restore_stack(self, **given: str) -> BackupStack:
        """Deploy a restore stack."""
        parameters = {
            "SrcEFS": self.source_id, "DstEFS": self.stack.outputs["BackupEFS"],
            "RestoreLogBucket": self.stack.outputs["LogBucket"], "SecurityGroupId": self.stack.outputs["SecurityGroup"],
            **given,
        }  # fmt: skip
        template = self.assembly.template("EfsRestore")
        return BackupStack(self.cloud, "restore", deploy(self.cloud, "restore", template, parameters))

    def machine_of(self, stack: BackupStack) -> Instance:
        """The one instance of a stack, once it runs."""
        self.cloud.wait("an instance runs", lambda: bool(self._machines(stack)), self.patience)
        return self._machines(stack)[0]

    def _machines(self, stack: BackupStack) -> list[Instance]:
        return [machine for name in stack.instances() if (machine := self.cloud.fleet.running(name))]

    def remove_bundles(self) -> None:
        """No instance finds its bundle any more."""
        client = self.cloud.client("s3")
        for bundle in client.list_objects_v2(Bucket=ASSETS)["Contents"]:
            client.delete_object(Bucket=ASSETS, Key=bundle["Key"])

    def logs(self) -> list[str]:
        """The keys in the log bucket."""
        found = self.cloud.client("s3").list_objects_v2(Bucket=self.stack.outputs["LogBucket"]).get("Contents", [])
        return [entry["Key"] for entry in found]

    def log(self, key: str) -> str:
        """A text in the log bucket."""
        found = self.cloud.client("s3").get_object(Bucket=self.stack.outputs["LogBucket"], Key=key)
        return str(found["Body"].read().decode())

    def ended_commands(self) -> list[str]:
        """The statuses of all commands, once none goes on: one ends a moment after the hold that it completes."""
        self.cloud.wait("the commands have ended", lambda: "InProgress" not in self._commands(), self.patience)
        return self._commands()

    def _commands(self) -> list[str]:
        return [command["Status"] for command in self.cloud.client("ssm").list_commands()["Commands"]]

    def subjects(self) -> list[str]:
        """The subjects of the mails, oldest first."""
        return [mail.subject for mail in self.cloud.mail_box.mails]

    def snapshots(self) -> list[str]:
        """The names of the published snapshots, oldest first."""
        series = self.backup / "efs-backup" / "daily"
        return (
            sorted(path.name for path in series.iterdir() if not path.name.startswith(".")) if series.exists() else []
        )

    def assert_nothing_left(self) -> None:
        """No instance is left over, no rule would stop anything, and each snapshot holds what its night saw."""
        assert (self.stack.capacity(), self.stack.instances(), self.stack.stop_rules()) == (0, [], [])
        assert self.snapshots() == sorted(self.truths)
        for name, truth in self.truths.items():
            assert account(self.backup / "efs-backup" / "daily" / name) == truth


def backup_stack(cloud: LocalCloud, assembly: Assembly, name: str, **given: str) -> BackupStack:
    """Deploy a backup stack."""
    parameters = {"BackupSchedule": NEVER, "BackupWindow": "60", **given}
    return BackupStack(cloud, name, deploy(cloud, name, assembly.template("EfsBackup"), parameters))


def _files(directory: Path) -> bool:
    return any(path.is_file() for path in directory.rglob("*"))
