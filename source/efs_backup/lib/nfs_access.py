"""The reasons why an instance of the stack cannot mount a file system: rules of security groups, and a tag."""

from typing import TYPE_CHECKING, Any

from efs_backup.domain.sources.discovery import TAG
from efs_backup.domain.sources.row import BY_HAND
from efs_backup.lib.aws_errors import translated
from efs_backup.lib.efs import missing

if TYPE_CHECKING:
    from mypy_boto3_efs import EFSClient

_NFS = 2049


class NfsAccess:
    """`group` is the security group of the stack's instances, `vpc` where they are; "" where that is not known."""

    def __init__(self, efs: "EFSClient", ec2: Any, group: str, vpc: str = "") -> None:  # see ec2.py
        self._efs = efs
        self._ec2 = ec2
        self._group = group
        self._vpc = vpc

    def commands_for(self, file_system: str) -> list[str]:
        """The commands that let the instance mount it, as far as they are needed; "#" begins what is no command.

        Raises MountFailed where there is no such file system.
        """
        with translated(missing(file_system), "FileSystemNotFound"):
            (found,) = self._efs.describe_file_systems(FileSystemId=file_system)["FileSystems"]
        targets = self._efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]
        tagged = any(tag["Key"] == TAG for tag in found.get("Tags", []))
        tag = f"aws efs tag-resource --resource-id {file_system} --tags Key={TAG},Value={BY_HAND}"
        return [
            *([] if tagged else [tag]),
            *self._elsewhere({target.get("VpcId", "") for target in targets}),
            *self._rules([target["MountTargetId"] for target in targets]),
        ]

    def _elsewhere(self, vpcs: set[str]) -> list[str]:
        """The steps where the mount targets lie in another VPC; they can lie in one alone."""
        if not self._vpc or not vpcs or self._vpc in vpcs:
            return []
        there = ", ".join(sorted(vpcs))
        where = f"# Its mount targets lie in {there}, and the instances in {self._vpc}; they can lie in one VPC alone."
        return [f"{where} Connect the two (peering, with routes both ways), or back it up by a stack in {there}."]

    def _rules(self, targets: list[str]) -> list[str]:
        if not targets:
            return ["# It has no mount target: make one in a zone of the stack's subnets (aws efs create-mount-target)"]
        return [
            f"aws ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port {_NFS}"
            f" --source-group {self._group}"
            for group in sorted({group for target in targets for group in self._closed(target)})
        ]

    def _closed(self, target: str) -> list[str]:
        """The groups of a mount target, where none of them accepts NFS from the instance's or from everywhere."""
        groups = self._efs.describe_mount_target_security_groups(MountTargetId=target).get("SecurityGroups", [])
        found = self._ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"] if groups else []
        rules = [rule for group in found for rule in group["IpPermissions"]]
        is_open = any(self._accepts(dict(rule)) for rule in rules)
        return [] if is_open else groups[:1]

    def _accepts(self, rule: dict[str, object]) -> bool:
        """A range of addresses may hold the instance's: who has set one knows, and is not told."""
        ports = range(int(str(rule.get("FromPort", 0))), int(str(rule.get("ToPort", 65535))) + 1)
        speaks = rule.get("IpProtocol") in ("-1", "tcp") and (rule.get("IpProtocol") == "-1" or _NFS in ports)
        pairs = rule.get("UserIdGroupPairs")
        is_ours = isinstance(pairs, list) and any(pair.get("GroupId") == self._group for pair in pairs)
        return speaks and (is_ours or bool(rule.get("IpRanges")))
