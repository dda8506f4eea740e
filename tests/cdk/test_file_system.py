"""Facts about the file system that holds the snapshots."""

import zipfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from cdk.parameters.backup import defaults
from tests.support.template import ACCOUNT, Template, environment_file


def test_the_backup_file_system_outlives_the_stack(backup: Template) -> None:
    """Deleting a stack never deletes a snapshot; one whose creation is rolled back has none."""
    _, made = backup.one("AWS::EFS::FileSystem")
    assert (made["DeletionPolicy"], made["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_aws_backup_is_off(backup: Template) -> None:
    """AWS Backup would copy and charge all snapshots once more, and may be on where nothing is said."""
    assert backup.properties("AWS::EFS::FileSystem")["BackupPolicy"] == {"Status": "DISABLED"}


@pytest.mark.parametrize("name", ["EFSMode", "EFSEncryption", "KmsKey", "AvailabilityZone"])
def test_what_replaces_the_file_system_says_so(backup: Template, name: str) -> None:
    """No rule of CloudFormation knows what the value was before."""
    assert "REPLACES the file system by a new, empty one" in backup.parameters[name]["Description"]


_TO_INFREQUENT = {"TransitionToIA": "AFTER_7_DAYS"}
_TO_ARCHIVE = {"TransitionToArchive": "AFTER_90_DAYS"}


@pytest.mark.parametrize(
    ("asked", "policies"),
    [
        ({}, [_TO_INFREQUENT, _TO_ARCHIVE]),
        ({"TransitionToIA": "AFTER_30_DAYS", "TransitionToArchive": "None"}, [{"TransitionToIA": "AFTER_30_DAYS"}]),
        ({"TransitionToIA": "None"}, []),  # there is no way into the archive but by Infrequent Access
        ({"TransitionToIA": "None", "TransitionToArchive": "None"}, []),
        ({"ThroughputMode": "bursting"}, [_TO_INFREQUENT]),
        ({"EFSMode": "maxIO"}, [_TO_INFREQUENT]),
        ({"AvailabilityZone": "us-east-1a"}, [_TO_INFREQUENT]),
    ],
)  # fmt: skip
def test_files_that_nobody_reads_move_to_cheaper_storage(
    backup: Template, asked: dict[str, str], policies: list[dict[str, str]]
) -> None:
    """As asked, and to the archive only where Amazon EFS has one; each move is a policy of its own."""
    assert backup.having(**asked).properties("AWS::EFS::FileSystem")["LifecyclePolicies"] == policies


def test_any_two_moves_are_in_order(backup: Template) -> None:
    """Amazon EFS refuses a move to the archive that is no later than the other; a template cannot compare."""
    infrequent, archive = (
        [int(each.split("_")[1]) for each in backup.parameters[name]["AllowedValues"] if each != "None"]
        for name in ("TransitionToIA", "TransitionToArchive")
    )
    assert max(infrequent) < min(archive)


def test_one_zone_is_a_choice(backup: Template) -> None:
    """With one mount target, whatever else is given."""
    assert "AvailabilityZoneName" not in backup.properties("AWS::EFS::FileSystem")
    asked = backup.having(AvailabilityZone="us-east-1a")
    assert asked.properties("AWS::EFS::FileSystem")["AvailabilityZoneName"] == "us-east-1a"
    (target,) = asked.resources("AWS::EFS::MountTarget").values()
    assert asked.resolve(target["Properties"]["SubnetId"]) == "subnet-a"


@pytest.mark.parametrize(("answer", "encrypted"), [("Yes", True), ("No", False)])
def test_the_backup_file_system_is_encrypted_as_asked(backup: Template, answer: str, encrypted: bool) -> None:
    """With the key of Amazon EFS, unless another is given."""
    assert backup.having(EFSEncryption=answer).properties("AWS::EFS::FileSystem")["Encrypted"] is encrypted
    assert "KmsKeyId" not in backup.properties("AWS::EFS::FileSystem")
    assert backup.having(KmsKey="a key").properties("AWS::EFS::FileSystem")["KmsKeyId"] == "a key"


@pytest.mark.parametrize(
    ("mode", "throughput", "result"),
    [
        ("generalPurpose", "elastic", "elastic"),
        ("generalPurpose", "bursting", "bursting"),
        ("maxIO", "elastic", "bursting"),
    ],
)
def test_max_io_takes_bursting(backup: Template, mode: str, throughput: str, result: str) -> None:
    """Amazon EFS knows no elastic maxIO: the old parameters alone must still make a file system."""
    made = backup.having(EFSMode=mode, ThroughputMode=throughput).properties("AWS::EFS::FileSystem")
    assert (made["PerformanceMode"], made["ThroughputMode"]) == (mode, result)


@pytest.mark.parametrize("subnets", [["subnet-a"], ["subnet-a", "subnet-b"], ["subnet-a", "subnet-b", "subnet-c"]])
def test_each_subnet_gets_a_mount_target(backup: Template, subnets: list[str]) -> None:
    """One to three; the group uses the same ones."""
    asked = backup.having(Subnets=",".join(subnets))
    targets = asked.resources("AWS::EFS::MountTarget").values()
    assert [asked.resolve(each["Properties"]["SubnetId"]) for each in targets] == subnets
    assert asked.properties("AWS::AutoScaling::AutoScalingGroup")["VPCZoneIdentifier"] == subnets


def test_a_given_file_system_is_used_and_none_is_made(backup: Template) -> None:
    """That is how an old deployment moves over."""
    asked = backup.having(ExistingBackupEFS="fs-22222222")
    assert not asked.resources("AWS::EFS::FileSystem")
    assert not asked.resources("AWS::EFS::MountTarget")
    variables = asked.properties("AWS::Lambda::Function")["Environment"]["Variables"]
    assert variables["BACKUP_FILE_SYSTEM"] == "fs-22222222"
    assert asked.resolve(asked.content["Outputs"]["BackupEFS"]["Value"]) == "fs-22222222"


_WRITE = "elasticfilesystem:ClientWrite"
_ROOT = "elasticfilesystem:ClientRootAccess"
_MOUNT = "elasticfilesystem:ClientMount"
_KEY = "elasticfilesystem:AccessPointArn"
_POINT = {_KEY: f"arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}:access-point/fsap-1"}
_MOUNTED = {"elasticfilesystem:AccessedViaMountTarget": "true", "aws:SecureTransport": "true"}


def _policy(backup: Template) -> Any:
    return backup.having(BackupSecurity="Yes").properties("AWS::EFS::FileSystem")["FileSystemPolicy"]["Statement"]


def _holds(condition: dict[str, dict[str, str]], context: dict[str, str]) -> bool:
    """The operators of our policy; a negated one holds where the key is missing, the others do not."""
    wanted = {operator: list(keys.items()) for operator, keys in condition.items()}
    return (
        all(context.get(key) == value for key, value in wanted.get("Bool", []))
        and all(key in context and fnmatchcase(context[key], value) for key, value in wanted.get("StringLike", []))
        and not any(fnmatchcase(context.get(key, ""), value) for key, value in wanted.get("StringNotLike", []))
    )


def _effects(backup: Template, principal: str, action: str, context: dict[str, str]) -> set[str]:
    """The effects of the policy on a client."""
    speaking = (
        each for each in _policy(backup)
        if each["Principal"]["AWS"] in ("*", principal)
        and action in (each["Action"] if isinstance(each["Action"], list) else [each["Action"]])
        and _holds(each.get("Condition", {}), context)
    )  # fmt: skip
    return {each["Effect"] for each in speaking}


def _worker(backup: Template) -> str:
    roles = backup.resources("AWS::IAM::Role").items()
    return f"<{next(name for name, role in roles if 'ec2.amazonaws.com' in str(role))}.Arn>"


def test_protected_snapshots_are_written_through_the_agent_s_access_point_alone(backup: Template) -> None:
    """Whatever the client's own role allows: a denial is stronger. Without protection there is no policy."""
    assert "FileSystemPolicy" not in backup.properties("AWS::EFS::FileSystem")
    assert _effects(backup, _worker(backup), _WRITE, _MOUNTED | _POINT) == {"Allow"}
    assert _effects(backup, "other", _WRITE, _MOUNTED) == {"Deny"}
    assert _effects(backup, _worker(backup), _WRITE, _MOUNTED) == {"Deny"}


def test_protected_snapshots_are_read_by_all_and_by_nobody_else_as_root(backup: Template) -> None:
    """Who reads as root, as a restore does, has a role that says so; the policy denies it nothing."""
    assert _effects(backup, "other", _MOUNT, _MOUNTED) == {"Allow"}
    assert _effects(backup, "other", _MOUNT, {"aws:SecureTransport": "false"}) == set()
    assert _effects(backup, "other", _ROOT, _MOUNTED) == set()
    assert _effects(backup, _worker(backup), _ROOT, _MOUNTED | _POINT) == {"Allow"}


def test_the_file_system_has_one_access_point_which_the_agent_uses(backup: Template) -> None:
    """The policy knows it by being one: another would be a way to write. A given file system may have that policy."""
    name, _ = backup.one("AWS::EFS::AccessPoint")
    assert backup.properties("AWS::EFS::AccessPoint") == {
        "FileSystemId": f"<{backup.one('AWS::EFS::FileSystem')[0]}>", "RootDirectory": {"Path": "/"}
    }  # fmt: skip
    given = backup.having(ExistingBackupEFS="fs-22222222")
    assert given.properties("AWS::EFS::AccessPoint")["FileSystemId"] == "fs-22222222"
    assert [environment_file(each)["BACKUP_ACCESS_POINT"] for each in (backup, given)] == [f"<{name}>"] * 2


@pytest.mark.parametrize(
    ("packages", "default"), [([], "No"), (["fpart.deb"], "No"), (["amazon-efs-utils_2.4.0-1_amd64.deb"], "Yes")]
)
def test_snapshots_are_protected_by_default_where_the_bundle_can_mount_encrypted(
    tmp_path: Path, packages: list[str], default: str
) -> None:
    """Without the mount helper a protected file system cannot be mounted at all."""
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        for name in ("efs-backup-agent.service", *(f"packages/{package}" for package in packages)):
            archive.writestr(name, "")
    from cdk.packaging.programs import Programs

    protects = Programs(bundle, bundle, bundle).mounts_encrypted
    assert defaults(protects=protects) == {"BackupSecurity": default}
