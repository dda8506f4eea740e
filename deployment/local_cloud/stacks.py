"""Stacks in the local cloud: deployed, asked, deleted."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployment.local_cloud.assembly import Assembly, Published
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.place import ACCOUNT, REGION
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.lib.ddb import RecordTable

ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
_MOMENT_SECONDS = 0.2
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"


class DeploymentFailed(Exception):
    """CloudFormation did not make what was asked for."""


@dataclass(frozen=True)
class Network:
    """The default VPC, and two of its subnets."""

    vpc: str
    subnets: tuple[str, str]


def network(cloud: LocalCloud) -> Network:
    """Where the instances run."""
    first, second = sorted(cloud.client("ec2").describe_subnets()["Subnets"], key=_zone)[:2]
    return Network(first["VpcId"], (first["SubnetId"], second["SubnetId"]))


def make_file_system(cloud: LocalCloud, name: str) -> str:
    """A file system that is there before any stack, with a mount target; gives its id."""
    client = cloud.client("efs")
    made = client.create_file_system(CreationToken=name)["FileSystemId"]
    client.create_mount_target(FileSystemId=made, SubnetId=network(cloud).subnets[0])
    return str(made)


def bootstrap(cloud: LocalCloud, assembly: Assembly) -> None:
    """Make what `cdk bootstrap` makes, and put the assets into it."""
    storage = cloud.client("s3")
    storage.create_bucket(Bucket=ASSETS)
    for key, path in assembly.assets().items():
        storage.put_object(Bucket=ASSETS, Key=key, Body=path.read_bytes())
    cloud.client("ssm").put_parameter(Name=_BOOTSTRAP_VERSION, Value="25", Type="String")


def publish(cloud: LocalCloud, published: Published) -> None:
    """The programs lie in the bucket that the plain templates name."""
    storage, bucket = cloud.client("s3"), published.bucket(REGION)
    storage.create_bucket(Bucket=bucket)
    for key, path in published.assets().items():
        storage.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def deploy(cloud: LocalCloud, name: str, template: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Make a stack; gives its outputs. Raises DeploymentFailed."""
    net = network(cloud)
    known = {"VpcId": net.vpc, "Subnets": ",".join(net.subnets), "Email": "operator@example.com", **given}
    parameters = [
        {"ParameterKey": key, "ParameterValue": known.get(key, str(slot.get("Default")))}
        for key, slot in template["Parameters"].items()
    ]
    client = cloud.client("cloudformation")
    client.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
    )
    return outputs(cloud, name)


def outputs(cloud: LocalCloud, name: str) -> dict[str, str]:
    """The outputs of a stack. Raises DeploymentFailed where it is not complete."""
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise DeploymentFailed(f"{name}: {stack['StackStatus']} {stack.get('StackStatusReason', '')}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


@dataclass(frozen=True)
class BackupStack:
    """A deployed backup stack, as its operator sees it."""

    cloud: LocalCloud
    name: str
    outputs: Mapping[str, str]

    @property
    def group(self) -> str:
        """The Auto Scaling group."""
        return f"{self.name}-worker"

    def records(self) -> list[BackupRecord]:
        """All records, oldest first."""
        table = RecordTable(self.cloud.client("dynamodb"), self.outputs["RecordTable"])
        return sorted(table.backups(), key=lambda backup: backup.start_time)

    def rules(self) -> dict[str, str]:
        """The scheduled rules by name, with their expressions."""
        found = self.cloud.client("events").list_rules()["Rules"]
        return {rule["Name"]: rule["ScheduleExpression"] for rule in found if "ScheduleExpression" in rule}

    def stop_rules(self) -> list[str]:
        """The rules that would stop a backup: the template's, while it is set."""
        found = self.cloud.client("events").list_rules(NamePrefix="efs-backup-stop-")["Rules"]
        return [rule["Name"] for rule in found if rule["State"] == "ENABLED"]

    def fire_schedule(self) -> None:
        """The schedule asks for a backup now."""
        name = next(name for name in self.rules() if name.startswith(f"{self.name}-TriggersStart"))
        self.cloud.bridge.fire(name)

    def fire_drills(self) -> None:
        """The schedule asks for a drill now."""
        name = next(name for name in self.rules() if name.startswith(f"{self.name}-DrillTriggers"))
        self.cloud.bridge.fire(name)

    def reconcile(self) -> None:
        """The look for what was forgotten is due."""
        name = next(name for name in self.rules() if name.startswith(f"{self.name}-TriggersReconcile"))
        self.cloud.bridge.fire(name)

    def capacity(self) -> int:
        """How many instances are wanted."""
        groups = self.cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        return int(groups["AutoScalingGroups"][0]["DesiredCapacity"])

    def instances(self) -> list[str]:
        """The instances that serve or are held."""
        found = self.cloud.client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
        return [each["InstanceId"] for each in found if each["AutoScalingGroupName"] == self.group]

    def is_quiet(self) -> bool:
        """Whether nothing goes on: between two steps it may look so for a moment."""
        for _ in range(2):
            if not (self.cloud.functions.is_idle and not self.instances() and self.capacity() == 0):
                return False
            time.sleep(_MOMENT_SECONDS)
        return True

    def wait_for_the_end(self, seconds: float = 60.0) -> BackupRecord:
        """Wait until no instance is left and nothing is under way; gives the newest record."""
        self.cloud.wait("the night is over", self.is_quiet, seconds)
        return self.records()[-1]


def _zone(subnet: Mapping[str, str]) -> str:
    return subnet["AvailabilityZone"]
