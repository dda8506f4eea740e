"""The file systems, and the keys of whatever is encrypted."""

import json
from typing import Any

from botocore.exceptions import ClientError

from efs_backup.domain.doctor.stack_facts import FileSystem, Key, Policy
from efs_backup.domain.sources.discovery import TAG
from efs_backup.lib.aws_errors import code_of, ignored
from efs_backup.lib.doctor.asking import asked, listed


class Systems:
    """The file systems and keys that Amazon EFS and KMS know."""

    def __init__(self, efs: Any, kms: Any) -> None:
        self._efs = efs
        self._kms = kms

    def file_system(self, file_system: str, role: str) -> FileSystem:
        """A file system, with its policy and key; its state is `gone` where there is none."""
        found: dict[str, Any] = {"LifeCycleState": "gone", "SizeInBytes": {"Value": 0}}
        with ignored("FileSystemNotFound"):
            (found,) = self._efs.describe_file_systems(FileSystemId=file_system)["FileSystems"]
        return FileSystem(
            file_system, role, found["LifeCycleState"], found.get("PerformanceMode", ""),
            found.get("ThroughputMode", ""), int(found["SizeInBytes"]["Value"]),
            asked(lambda: self._policy(file_system)),
            asked(lambda: self.key(found["KmsKeyId"]) if found.get("KmsKeyId") else None),
            asked(lambda: self._has_backup(file_system)),
        )  # fmt: skip

    def arn(self, file_system: str) -> str:
        """The ARN of a file system."""
        return str(self._efs.describe_file_systems(FileSystemId=file_system)["FileSystems"][0]["FileSystemArn"])

    def arn_if_any(self, file_system: str) -> str:
        """The same; "" where there is no such file system."""
        found = list[Any]()
        with ignored("FileSystemNotFound"):
            found = self._efs.describe_file_systems(FileSystemId=file_system)["FileSystems"]
        return str(found[0]["FileSystemArn"]) if found else ""

    def tag(self, file_system: str) -> str | None:
        """The value of the tag by which the instance may mount it; None where it has none, or is gone."""
        found = list[dict[str, str]]()
        with ignored("FileSystemNotFound"):
            found = self._efs.describe_file_systems(FileSystemId=file_system)["FileSystems"][0].get("Tags", [])
        return next((tag["Value"] for tag in found if tag["Key"] == TAG), None)

    def count(self) -> int:
        """How many file systems the account has here."""
        return sum(1 for _ in listed(self._efs, "describe_file_systems", "FileSystems"))

    def _policy(self, file_system: str) -> Policy | None:
        found: dict[str, str] = {}
        with ignored("PolicyNotFound", "FileSystemNotFound"):
            found = self._efs.describe_file_system_policy(FileSystemId=file_system)
        return json.loads(found["Policy"]) if found else None

    def _has_backup(self, file_system: str) -> bool:
        status = "DISABLED"
        with ignored("PolicyNotFound", "FileSystemNotFound"):
            status = self._efs.describe_backup_policy(FileSystemId=file_system)["BackupPolicy"]["Status"]
        return status in {"ENABLED", "ENABLING"}

    def key(self, key_id: str) -> Key:
        """A key, with its policy and the principals of its grants where it is one of the account's own."""
        found = self._kms.describe_key(KeyId=key_id)["KeyMetadata"]
        arn, state = found["Arn"], found["KeyState"]
        if found["KeyManager"] == "AWS":
            return Key(arn, state)
        policy = json.loads(self._kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
        return Key(arn, state, is_ours=True, policy=policy, grantees=self._grantees(arn))

    def _grantees(self, arn: str) -> tuple[str, ...]:
        """Nothing where grants may not be listed: then the policy alone can tell."""
        try:
            return tuple(one["GranteePrincipal"] for one in listed(self._kms, "list_grants", "Grants", KeyId=arn))
        except ClientError as error:
            if "AccessDenied" not in code_of(error):
                raise
            return ()
