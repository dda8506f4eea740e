"""Everything that a run has made goes, also what its stacks retain; what cannot go is named."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tests.aws.account import FAILURES, NAME_TAG
from tests.aws.nights import instances
from tests.aws.stacks import Stacks

PARTS = ("restore", "backup", "rollback", "site")
"""In the order in which they go: the site's security group is named by the others."""

_GROUP = "AWS::EC2::SecurityGroup"
_OF_A_RULE = ("IpProtocol", "FromPort", "ToPort")
_NO_FILE_SYSTEM, _NO_BUCKET = "FileSystemNotFound", "NoSuchBucket"


@dataclass
class Teardown:
    """`left` says what could not be deleted, and why."""

    stacks: Stacks
    code_bucket: str
    left: list[str] = field(default_factory=list)
    _file_systems: set[str] = field(default_factory=set)
    _buckets: set[str] = field(default_factory=set)

    def run(self) -> list[str]:
        """Delete all; gives what is left. One step that fails keeps no other from being done."""
        self._try("what the stacks retain", self._look_for_the_retained)
        for part in ("backup", "restore"):
            self._try(f"the instances of {self.stacks.name(part)}", partial(self._no_instances, part))
        self._try("the rules that name our security groups", self._no_foreign_rules)
        for part in PARTS:
            self._try(f"the stack {self.stacks.name(part)}", partial(self.stacks.delete, part))
        for file_system in self._file_systems:
            self._try(f"the file system {file_system}", partial(self._no_file_system, file_system))
        for bucket in sorted({*self._buckets, self.code_bucket}):
            self._try(f"the bucket {bucket}", partial(self._no_bucket, bucket))
        self._try("the function's logs", self._no_logs)
        return self.left

    def still_listed(self) -> list[str]:
        """List what still carries the run's tag. The list of tags lags by minutes, and keys wait for their end."""
        client = self.stacks.account.client("resourcegroupstaggingapi")
        found = client.get_resources(TagFilters=[{"Key": NAME_TAG, "Values": [self.stacks.run]}])
        return [str(each["ResourceARN"]) for each in found["ResourceTagMappingList"]]

    def _try(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except FAILURES as error:
            self.left.append(f"{what}: {error}")

    def _look_for_the_retained(self) -> None:
        """By the stacks, while they are there, and by the tag, which outlives them."""
        for kind, ending, found in (
            ("AWS::EFS::FileSystem", ":file-system/", self._file_systems), ("AWS::S3::Bucket", ":s3:::", self._buckets),
        ):  # fmt: skip
            found |= {each for part in PARTS for each in self.stacks.resources(part, kind)}
            found |= {arn.rpartition(ending)[2] for arn in self.still_listed() if ending in arn}

    def _no_instances(self, part: str) -> None:
        """An instance that is held would hold up the stack's deletion."""
        account, group = self.stacks.account, f"{self.stacks.name(part)}-worker"
        if instances(account, group):
            account.client("autoscaling").set_desired_capacity(
                AutoScalingGroupName=group, DesiredCapacity=0, HonorCooldown=False
            )
            account.wait(f"{group} has no instance", lambda: not instances(account, group), minutes=70)

    def _no_foreign_rules(self) -> None:
        """A security group that is named by a rule of another stack's cannot be deleted."""
        site = set(self.stacks.resources("site", _GROUP))
        others = {each for part in PARTS if part != "site" for each in self.stacks.resources(part, _GROUP)}
        if not (site and others):
            return
        client = self.stacks.account.client("ec2")
        for group in client.describe_security_groups(GroupIds=sorted(site | others))["SecurityGroups"]:
            foreign = others if group["GroupId"] in site else site
            if named := _rules_naming(group["IpPermissions"], foreign):
                client.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=named)

    def _no_file_system(self, file_system: str) -> None:
        client = self.stacks.account.client("efs")
        try:
            targets = client.describe_mount_targets(FileSystemId=file_system)["MountTargets"]
            for target in targets:
                client.delete_mount_target(MountTargetId=target["MountTargetId"])
            self.stacks.account.wait(f"{file_system} has no mount target", lambda: not _targets(client, file_system))
            client.delete_file_system(FileSystemId=file_system)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NO_FILE_SYSTEM:
                raise

    def _no_bucket(self, bucket: str) -> None:
        client = self.stacks.account.client("s3")
        try:
            for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
                every = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in every]
                if named:
                    client.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
            client.delete_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NO_BUCKET:
                raise

    def _no_logs(self) -> None:
        """The stack takes its log group along; a function that still writes may make it anew."""
        client = self.stacks.account.client("logs")
        found = client.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{self.stacks.run}")["logGroups"]
        for group in found:
            with suppress(client.exceptions.ResourceNotFoundException):
                client.delete_log_group(logGroupName=group["logGroupName"])


def _targets(client: Any, file_system: str) -> list[Any]:
    return list(client.describe_mount_targets(FileSystemId=file_system)["MountTargets"])


def _rules_naming(permissions: list[dict[str, Any]], groups: set[str]) -> list[dict[str, Any]]:
    """The rules as far as they name one of these groups."""
    return [
        {**{key: each[key] for key in _OF_A_RULE if key in each}, "UserIdGroupPairs": [{"GroupId": pair["GroupId"]}]}
        for each in permissions for pair in each["UserIdGroupPairs"] if pair["GroupId"] in groups
    ]  # fmt: skip
