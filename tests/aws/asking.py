"""How the answers are found that no helper instance can give alone."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from efs_backup.domain.operations.triggers import COMMAND_EVENT
from tests.aws.account import Account, RunFailed
from tests.aws.instance import DOCUMENT, Helper
from tests.aws.stacks import Stacks

_LEASE_SECONDS = "900"
_WAITED = b"Waiting for cache lock"
_KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
ROLLED_BACK = {
    "Description": "It cannot be made: what does it leave?",
    "Resources": {
        "Files": {"Type": "AWS::EFS::FileSystem", **_KEPT},
        "Bucket": {"Type": "AWS::S3::Bucket", **_KEPT},
        "Signal": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "NeverSent": {
            "Type": "AWS::CloudFormation::WaitCondition", "DependsOn": ["Files", "Bucket"],
            "Properties": {"Handle": {"Ref": "Signal"}, "Timeout": "1"},
        },
    },
}  # fmt: skip


@dataclass(frozen=True)
class Asking:
    """Asks one account; `stacks` are those of the run."""

    account: Account
    stacks: Stacks

    def registrations(self, helpers: Sequence[Helper]) -> str:
        """From the launch to the first command that was taken."""
        return ", ".join(f"{helper.wait_until_reached():.0f} s" for helper in helpers) + " after the launch"

    def commands_after_the_end(self, helper: Helper, role: str) -> str:
        """At once after the termination was asked for, and when it is over; by a role like the function's."""
        client = self.account.client_as(role, "ssm")
        at_once = _taken(client, helper.instance_id)
        self.account.wait(f"{helper.instance_id} is gone", lambda: self._state(helper) == "terminated", minutes=15)
        return f"at once: {at_once}; when it is terminated: {_taken(client, helper.instance_id)}"

    def lock_after_a_loss(self, holding: Helper, waiting: Helper, group: str, file: str) -> str:
        """One instance loses its power with a lock in its hands; another waits for that."""
        holding.ask("hold", file)
        self.account.client("autoscaling").suspend_processes(
            AutoScalingGroupName=group, ScalingProcesses=["Launch", "ReplaceUnhealthy"]
        )
        self.account.client("ec2").terminate_instances(InstanceIds=[holding.instance_id], SkipOsShutdown=True)
        seconds = waiting.ask("wait_for_lock", file, _LEASE_SECONDS)["seconds"]
        return f"the lock could be had {seconds} s after the power was taken (None: not within {_LEASE_SECONDS} s)"

    def aws_backup(self, **file_systems: str) -> str:
        """The backup policy of each file system."""
        return ", ".join(f"{name}: {self._backup_policy(identity)}" for name, identity in file_systems.items())

    def ami(self, instance_id: str | None, parameter: str) -> str:
        """The AMI of the instance that made a backup, beside the one of the day."""
        found = self.account.client("ec2").describe_instances(InstanceIds=[instance_id])
        launched = found["Reservations"][0]["Instances"][0]["ImageId"]
        of_the_day = "not known"
        with suppress(ClientError):
            of_the_day = self.account.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
        return f"launched: {launched}; {parameter} says {of_the_day}"

    def propagation(self) -> str:
        """The time between the role's policy and the function's queue, which was accepted: the stack is there."""
        events = self.stacks.events(self.stacks.name("backup"))
        made = {
            each["ResourceType"]: each["Timestamp"] for each in events if each["ResourceStatus"] == "CREATE_COMPLETE"
        }
        policy, queue = made.get("AWS::IAM::Policy"), made.get("AWS::Lambda::EventInvokeConfig")
        if policy is None or queue is None:
            return "accepted; no event tells when"
        return f"accepted at the first try, {abs((queue - policy).total_seconds()):.0f} s from the last policy"

    def rollback(self) -> str:
        """A creation fails on purpose; what it leaves is the teardown's, which learns of it by the stack."""
        with suppress(RunFailed):
            self.stacks.make("rollback", ROLLED_BACK, {})
        events = self.stacks.events(self.stacks.name("rollback"))
        ends = {each["LogicalResourceId"]: each["ResourceStatus"] for each in events}
        return ", ".join(f"{name}: {ends.get(name)}" for name in ("Files", "Bucket"))

    def apt_locks(self, helpers: Sequence[Helper], bucket: str) -> str:
        """Ask the helpers what they saw of apt's locks, and count the boots of the backups that had to wait."""
        seen = "; ".join(json.dumps(helper.ask("apt_locks")) for helper in helpers)
        logs = self._boot_logs(bucket)
        return f"{seen}; {sum(_WAITED in log for log in logs)} of {len(logs)} boots of backups waited"

    def event(self, queue: str) -> str:
        """A command's event as it was heard."""
        heard = self._heard(queue)
        ours = [each for each in heard if each.get("detail-type") == COMMAND_EVENT and "parameters" in each["detail"]]
        twice = len(heard) - len({each["id"] for each in heard})
        if not ours:
            return f"none was heard, of {len(heard)} events"
        detail = {key: value for key, value in ours[0]["detail"].items() if key != "parameters"}
        shapes = {name: type(value).__name__ for name, value in ours[0]["detail"]["parameters"].items()}
        return f"{json.dumps(detail)} with parameters {shapes}; {twice} of {len(heard)} events came twice"

    def _state(self, helper: Helper) -> str:
        found = self.account.client("ec2").describe_instances(InstanceIds=[helper.instance_id])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def _backup_policy(self, file_system: str) -> str:
        try:
            found = self.account.client("efs").describe_backup_policy(FileSystemId=file_system)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return str(found["BackupPolicy"]["Status"])

    def _boot_logs(self, bucket: str) -> list[bytes]:
        client = self.account.client("s3")
        found = client.list_objects_v2(Bucket=bucket, Prefix="ec2-logs/").get("Contents", ())
        return [client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found]

    def _heard(self, queue: str) -> list[dict[str, Any]]:
        heard, client = [], self.account.client("sqs")
        while messages := client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                heard.append(json.loads(message["Body"]))
                client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return heard


def _taken(client: Any, instance_id: str) -> str:
    try:
        client.send_command(InstanceIds=[instance_id], DocumentName=DOCUMENT, Parameters={"commands": ["true"]})
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "taken"
