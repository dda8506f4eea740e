"""Facts about the page as a function."""

from typing import Any

import pytest

from tests.support.template import ACCOUNT, Template

_HERE = f"us-east-1:{ACCOUNT}"


@pytest.fixture
def browsing(backup: Template) -> Template:
    """The backup stack with the page."""
    return backup.having(Browse="Yes")


def _page(template: Template, kind: str) -> dict[str, Any]:
    """The properties of the page's only resource of a type."""
    ((_, made),) = ((name, each) for name, each in template.resources(kind).items() if name.startswith("Page"))
    found: dict[str, Any] = template.resolve(made["Properties"])
    return found


def _group(template: Template) -> str:
    (group,) = (name for name in template.resources("AWS::EC2::SecurityGroup") if name.startswith("Page"))
    return f"<{group}.GroupId>"


def test_there_is_nothing_of_it_unless_it_is_wanted(backup: Template, browsing: Template) -> None:
    """A page that is not wanted costs nothing, and nothing can be asked."""
    of_page = [name for name in backup.content["Resources"] if name.startswith("Page")]
    assert len(of_page) == 8
    conditions = {backup.content["Resources"][name]["Condition"] for name in of_page}
    assert len(conditions) == 1
    assert not backup._holds(*conditions)
    assert browsing._holds(*conditions)
    for output in ("BrowseUrl", "BrowseSecurityGroup"):
        assert {backup.content["Outputs"][output]["Condition"]} == conditions


def test_who_asks_its_address_is_known_to_iam(browsing: Template) -> None:
    """And nobody is let in by the template: who may call it says so in a policy of its own."""
    assert _page(browsing, "AWS::Lambda::Url")["AuthType"] == "AWS_IAM"
    functions = [browsing.resolve(each["Properties"]["FunctionName"])
                 for each in browsing.resources("AWS::Lambda::Permission").values()]  # fmt: skip
    assert functions
    assert not [name for name in functions if "Page" in name]
    assert browsing.resolve(browsing.content["Outputs"]["BrowseUrl"]["Value"]).startswith("<PageUrl")


def test_its_role_reads_the_backup_and_is_denied_to_write(browsing: Template) -> None:
    """A file system without a policy would let it, whatever its role says; nothing else of ours is open to it."""
    statements = _page(browsing, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    backup, _ = browsing.one("AWS::EFS::FileSystem")
    of_files = [each for each in statements if "elasticfilesystem" in str(each["Action"])]
    assert {each["Resource"] for each in of_files} == {f"arn:aws:elasticfilesystem:{_HERE}:file-system/<{backup}>"}
    assert [(each["Effect"], each["Action"]) for each in of_files] == [
        ("Allow", ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientRootAccess"]),
        ("Deny", "elasticfilesystem:ClientWrite"),
    ]
    others = {action for each in statements if each not in of_files for action in each["Action"]}
    assert others == {
        "logs:CreateLogStream", "logs:PutLogEvents", "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    }  # fmt: skip
    (trust,) = _page(browsing, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_it_mounts_the_backup_as_root_once_its_mount_targets_are_there(browsing: Template) -> None:
    """By an access point of its own; a given file system, too."""
    function = _page(browsing, "AWS::Lambda::Function")
    (point,) = (name for name in browsing.resources("AWS::EFS::AccessPoint") if name.startswith("Page"))
    from cdk.constructs.page import MOUNTED_AT

    assert function["FileSystemConfigs"] == [{"Arn": f"<{point}.Arn>", "LocalMountPath": MOUNTED_AT}]
    assert function["Environment"]["Variables"] == {"BACKUP": MOUNTED_AT}
    assert _page(browsing, "AWS::EFS::AccessPoint")["PosixUser"] == {"Uid": "0", "Gid": "0"}
    named = {tag["Key"]: tag["Value"] for tag in function["Tags"]}["efs-backup:mount-targets"]
    assert set(named.split()) == {*(f"<{name}>" for name in browsing.resources("AWS::EFS::MountTarget")), "none"}
    given = browsing.having(ExistingBackupEFS="fs-33333333")
    assert _page(given, "AWS::EFS::AccessPoint")["FileSystemId"] == "fs-33333333"


def test_it_needs_no_network_but_nfs(browsing: Template) -> None:
    """No NAT, no endpoint; and the mount targets of the backup accept it."""
    group = _page(browsing, "AWS::EC2::SecurityGroup")
    assert [(each["IpProtocol"], each["FromPort"], each["ToPort"]) for each in group["SecurityGroupEgress"]] == [
        ("tcp", 2049, 2049)
    ]
    assert "SecurityGroupIngress" not in group
    rule = _page(browsing, "AWS::EC2::SecurityGroupIngress")
    (backup,) = (name for name in browsing.resources("AWS::EC2::SecurityGroup") if "AccessBackup" in name)
    assert (rule["GroupId"], rule["SourceSecurityGroupId"]) == (f"<{backup}.GroupId>", _group(browsing))
    assert (rule["FromPort"], rule["ToPort"]) == (2049, 2049)
    function = _page(browsing, "AWS::Lambda::Function")
    assert function["VpcConfig"] == {"SecurityGroupIds": [_group(browsing)], "SubnetIds": ["subnet-a", "subnet-b"]}
