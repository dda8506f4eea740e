"""The run itself: a site, both stacks, three nights, a restore, and what was to be found out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from deployment.local_cloud.assembly import Published
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.aws import cost
from tests.aws.account import NAME_TAG, Account, RunFailed
from tests.aws.asking import Asking
from tests.aws.instance import Helper
from tests.aws.nights import Backups, instances, restore_is_over
from tests.aws.questions import Answers
from tests.aws.site import HELPER_TYPE, site_template
from tests.aws.stacks import Stacks

WORKER_TYPE = "c6i.large"
_LABEL = "try"
_SOURCE, _BACKUP = "/mnt/source", "/mnt/backup"
_NEVER = "cron(0 2 1 1 ? 2199)"
_RESTORED = "/restored"
_ASKED_OF_THE_SOURCE = {"hard-links": "hard_links", "times": "times", "statfs": "statfs", "d-type": "entry_types"}


@dataclass(frozen=True)
class Wish:
    """The wish for a run. `operations` a second slow the backups down, so that a window can close on one."""

    vpc: str
    subnets: Sequence[str]
    email: str
    files: int
    more: int
    operations: int


@dataclass
class Story:
    """One run, from the upload to the last question; the teardown is not its own."""

    account: Account
    stacks: Stacks
    published: Published
    wish: Wish
    answers: Answers
    items: list[cost.Item] = field(default_factory=list)
    records: list[BackupRecord] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Tell it all. Raises RunFailed with what was not as it should be."""
        self._upload()
        self._make_site()
        self._make_backups()
        self._two_nights()
        self._a_window_that_closes()
        self._restore()
        self._ask()

    def bill(self) -> list[str]:
        """The bill until this moment."""
        seconds = time.monotonic() - self._started
        files = sum(record.number_of_files or 0 for record in self.records)
        copied = sum(record.number_of_files_transferred or 0 for record in self.records)
        size = sum(record.total_transferred_file_size or 0 for record in self.records)
        kinds = [
            each["Type"] for stack in ("EfsBackup", "EfsRestore")
            for each in self.published.template(stack)["Resources"].values()
        ]  # fmt: skip
        return cost.bill([
            cost.instance("two helpers", HELPER_TYPE, 2 * seconds), *self.items,
            cost.storage("both file systems", 2 * size, seconds),
            cost.throughput(3 * size, 2 * size, files + 5 * copied),
            cost.by_the_hour(kinds.count("AWS::KMS::Key"), kinds.count("AWS::CloudWatch::Alarm"), seconds),
            cost.functions(10 * len(self.records), 10.0 * len(self.records)),
            cost.requests(self.account.calls.total()),
        ])  # fmt: skip

    def _upload(self) -> None:
        """The programs and templates go where the templates look for them."""
        bucket, client = self.published.bucket(self.account.region), self.account.client("s3")
        place = {} if self.account.region == "us-east-1" else {"LocationConstraint": self.account.region}
        client.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
        tags = {"TagSet": [{"Key": NAME_TAG, "Value": self.stacks.run}]}
        client.put_bucket_tagging(Bucket=bucket, Tagging=tags)
        for key, path in self.published.assets().items():
            client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        self._address = f"https://{bucket}.s3.{self.account.region}.{self._suffix()}/{key.rpartition('/')[0]}"

    def _make_site(self) -> None:
        template = site_template(self.stacks.run, self.wish.vpc, self.wish.subnets)
        self._site = self.stacks.make("site", template, {})
        ids = sorted(instances(self.account, self._site["Group"]))
        self._helpers = [Helper(self.account, each) for each in ids]
        self._asking = Asking(self.account, self.stacks)
        self.answers.find("ssm-registration", lambda: self._asking.registrations(self._helpers))
        self._here.ask("mount", self._address_of(self._site["Source"]), _SOURCE)
        made = self._here.ask("make", _SOURCE, str(self.wish.files))
        self.account.tell(f"{made} files are in the source")

    def _make_backups(self) -> None:
        given = {
            "SrcEFS": self._site["Source"], "BackupSchedule": _NEVER, "BackupWindow": "60", "FolderLabel": _LABEL,
            "MaxOperationsPerSecond": str(self.wish.operations), "BackupSecurity": "No", **self._of_both(),
        }  # fmt: skip
        outputs = self._make("backup", given)
        self._backups = Backups(self.account, self.stacks.name("backup"), outputs)
        backup = outputs["BackupEFS"]
        self._let_in(self._site["SecurityGroup"], outputs["SecurityGroup"])
        for group in self._groups_of(backup):
            self._let_in(group, self._site["SecurityGroup"])
        self._here.ask("mount", self._address_of(backup), _BACKUP)

    def _two_nights(self) -> None:
        first = self._night("the first night")
        truth = self._sums(_SOURCE)
        self._expect("the first snapshot is the source", self._sums(self._snapshot(first)) == truth)
        self.answers.find("ami", lambda: self._asking.ami(first.instance_id, self._ami_parameter()))
        self.account.tell(f"By day: {self._here.ask('change', _SOURCE)}")
        second = self._night("the second night")
        self._expect("the second snapshot is the source", self._sums(self._snapshot(second)) == self._sums(_SOURCE))
        self._expect("the first snapshot is as it was", self._sums(self._snapshot(first)) == truth)

    def _a_window_that_closes(self) -> None:
        self.account.tell(f"By day {self.wish.more} files come; the window of the third night closes soon")
        self._here.ask("make", _SOURCE, str(self.wish.more), str(10 * self.wish.files))
        before = time.monotonic()
        self._backups.start()
        label = f"{_BACKUP}/{_LABEL}"
        self.account.wait("files are copied", lambda: self._here.ask("copied", label) > 0, minutes=20)
        self._backups.close_window_soon()
        ended = self._backups.end()
        self._note(ended, time.monotonic() - before)
        self._expect("the third night is incomplete", ended.status is BackupStatus.INCOMPLETE)

    def _restore(self) -> None:
        self.account.tell(f"The second snapshot is restored into {_RESTORED}")
        before = time.monotonic()
        given = {
            "SrcEFS": self._site["Source"], "DstEFS": self._backups.outputs["BackupEFS"], "FolderLabel": _LABEL,
            "SecurityGroupId": self._backups.outputs["SecurityGroup"], "RestorePrefix": _RESTORED,
            "RestoreLogBucket": self._backups.outputs["LogBucket"], "RestoreMode": "new", **self._of_both(),
        }  # fmt: skip
        self._make("restore", given)
        stack = self.stacks.name("restore")
        self.account.wait("the restore is over", lambda: restore_is_over(self.account, stack), minutes=60)
        self.items.append(cost.instance("restore", WORKER_TYPE, time.monotonic() - before))
        second = self._snapshot(self.records[1])
        self._expect("what is restored is the snapshot", self._sums(_SOURCE + _RESTORED) == self._sums(second))

    def _ask(self) -> None:
        """Ask what needs a file system, then what needs a stack, and what costs an instance at last."""
        find, asking, (lost, left) = self.answers.find, self._asking, self._helpers
        for key, asked in _ASKED_OF_THE_SOURCE.items():
            find(key, partial(self._here.ask, asked, _SOURCE))
        find("iam-propagation", asking.propagation)
        find("retain-on-create", asking.rollback)
        backup, logs = (self._backups.outputs[name] for name in ("BackupEFS", "LogBucket"))
        find("aws-backup", lambda: asking.aws_backup(silent=self._site["Source"], ours=backup))
        find("apt-lock", lambda: asking.apt_locks(self._helpers, logs))
        lost.ask("mount", self._address_of(self._site["Source"]), _SOURCE)
        lock, group = f"{_SOURCE}/.try-lock", self._site["Group"]
        find("lock-lease", lambda: asking.lock_after_a_loss(lost, left, group, lock))
        find("ssm-gone", lambda: asking.commands_after_the_end(lost, self._site["Asker"]))
        find("ssm-event", lambda: asking.event(self._site["Events"]))

    @property
    def _here(self) -> Helper:
        """The helper that stays."""
        return self._helpers[1]

    def _night(self, name: str) -> BackupRecord:
        self.account.tell(f"{name[0].upper()}{name[1:]}")
        before = time.monotonic()
        ended = self._backups.night()
        self._note(ended, time.monotonic() - before)
        self._expect(f"{name} succeeds", ended.status is BackupStatus.SUCCESS)
        return ended

    def _note(self, ended: BackupRecord, seconds: float) -> None:
        self.records.append(ended)
        self.items.append(cost.instance(f"backup {len(self.records)}", WORKER_TYPE, seconds))

    def _make(self, part: str, given: dict[str, str]) -> dict[str, str]:
        template = self.published.template(f"Efs{part.capitalize()}")
        return self.stacks.make(part, template, given, f"{self._address}/efs-{part}.template")

    def _of_both(self) -> dict[str, str]:
        return {
            "VpcId": self.wish.vpc, "Subnets": ",".join(self.wish.subnets), "Email": self.wish.email,
            "Dashboard": "No", "InstanceType": WORKER_TYPE,
        }  # fmt: skip

    def _ami_parameter(self) -> str:
        default = str(self.published.template("EfsBackup")["Parameters"]["AmiX86"]["Default"])
        return default.removeprefix("resolve:ssm:")

    def _snapshot(self, record: BackupRecord) -> str:
        return f"{_BACKUP}/{_LABEL}/daily/{record.snapshot}"

    def _sums(self, root: str) -> Any:
        return self._here.ask("sums", root)

    def _expect(self, what: str, is_so: bool) -> None:
        self.account.tell(f"{'Yes' if is_so else 'NO'}: {what}")
        if not is_so:
            raise RunFailed(f"It is not so that {what}.")

    def _address_of(self, file_system: str) -> str:
        found = self.account.client("efs").describe_mount_targets(FileSystemId=file_system)["MountTargets"]
        return str(found[0]["IpAddress"])

    def _groups_of(self, file_system: str) -> list[str]:
        client = self.account.client("efs")
        (target, *_) = client.describe_mount_targets(FileSystemId=file_system)["MountTargets"]
        found = client.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])
        return list(found["SecurityGroups"])

    def _let_in(self, group: str, other: str) -> None:
        """NFS from the other security group."""
        pair = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": other}]}
        self.account.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[pair])

    def _suffix(self) -> str:
        return "amazonaws.com.cn" if self.account.region.startswith("cn-") else "amazonaws.com"
