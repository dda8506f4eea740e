"""The site of a run, around the stacks: a source file system, two helper instances, and a queue that hears events."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.aws import probe

HELPER_TYPE = "t3.small"
_UBUNTU = "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
_COMMANDS = ("ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*")
_HEARD = ("aws.ssm", "aws.autoscaling")
_NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}

Resources = dict[str, Any]


def site_template(run: str, vpc: str, subnets: Sequence[str]) -> dict[str, Any]:
    """Everything in one stack, so that one deletion takes it away."""
    return {
        "Description": "What a trial of the EFS backup stacks needs around them",
        "Resources": {
            **_network(vpc), **_source(subnets), **_role(), **_asker(run), **_helpers(run, subnets), **_hearing(),
        },
        "Outputs": {
            name: {"Value": {"Ref": name}} for name in ("Source", "Group", "Events")
        } | {
            name: {"Value": {"Fn::GetAtt": attribute}}
            for name, attribute in (("SecurityGroup", ["Network", "GroupId"]), ("Asker", ["Asker", "Arn"]))
        },
    }  # fmt: skip


def _network(vpc: str) -> Resources:
    """The source's mount targets and the helpers: they accept each other's NFS."""
    of_group = {"Fn::GetAtt": ["Network", "GroupId"]}
    return {
        "Network": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "The source and the helpers of a trial", "VpcId": vpc},
        },
        "Within": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {"GroupId": of_group, "SourceSecurityGroupId": of_group, **_NFS},
        },
    }


def _source(subnets: Sequence[str]) -> Resources:
    """A file system whose template says nothing of AWS Backup: what that means is one of the questions."""
    targets = {
        f"Target{number}": {
            "Type": "AWS::EFS::MountTarget",
            "Properties": {
                "FileSystemId": {"Ref": "Source"}, "SubnetId": subnet,
                "SecurityGroups": [{"Fn::GetAtt": ["Network", "GroupId"]}],
            },
        }
        for number, subnet in enumerate(subnets, start=1)
    }  # fmt: skip
    properties = {"Encrypted": True, "ThroughputMode": "elastic"}
    return {"Source": {"Type": "AWS::EFS::FileSystem", "Properties": properties}, **targets}


def _role() -> Resources:
    """Systems Manager may reach the helpers; they may nothing else."""
    allow = {"Effect": "Allow", "Action": list(_COMMANDS), "Resource": "*"}
    policy = {"PolicyName": "commands", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": _trust({"Service": "ec2.amazonaws.com"}),
                "Policies": [policy],
            },
        },
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
    }


def _asker(run: str) -> Resources:
    """The role that may send commands as the backup stack's function may: to instances of a group, by their tag."""
    tag = {"StringEquals": {"ssm:resourceTag/aws:autoscaling:groupName": f"{run}-helpers"}}
    document = {"Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}::document/AWS-RunShellScript"}
    instances = {"Fn::Sub": "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:instance/*"}
    allow = {"Effect": "Allow", "Action": "ssm:SendCommand"}
    statements = [{**allow, "Resource": document}, {**allow, "Resource": instances, "Condition": tag}]
    policy = {"PolicyName": "ask", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    trust = _trust({"AWS": {"Ref": "AWS::AccountId"}})
    return {
        "Asker": {
            "Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, "Policies": [policy]},
        },
    }  # fmt: skip


def _helpers(run: str, subnets: Sequence[str]) -> Resources:
    """Two: one is lost on purpose, and then nobody shall replace it."""
    data = {
        "ImageId": _UBUNTU, "InstanceType": HELPER_TYPE,
        "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["Profile", "Arn"]}},
        "SecurityGroupIds": [{"Fn::GetAtt": ["Network", "GroupId"]}],
        "MetadataOptions": {"HttpTokens": "required"},
        "UserData": {"Fn::Base64": Path(probe.__file__).read_text()},
    }  # fmt: skip
    group = {
        "AutoScalingGroupName": f"{run}-helpers", "MinSize": "0", "MaxSize": "2", "DesiredCapacity": "2",
        "VPCZoneIdentifier": list(subnets), "LaunchTemplate": {
            "LaunchTemplateId": {"Ref": "Helper"}, "Version": {"Fn::GetAtt": ["Helper", "LatestVersionNumber"]},
        },
    }  # fmt: skip
    return {
        "Helper": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}},
        "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": group},
    }


def _hearing() -> Resources:
    """A queue that gets the events of Systems Manager and of Auto Scaling as they are."""
    arn = {"Fn::GetAtt": ["Events", "Arn"]}
    send = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}},
    }  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [send]}
    rule = {"EventPattern": {"source": list(_HEARD)}, "Targets": [{"Arn": arn, "Id": "events"}]}
    return {
        "Events": {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": True}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": rule},
        "MayHear": {
            "Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Events"}], "PolicyDocument": policy},
        },
    }  # fmt: skip


def _trust(whom: dict[str, Any]) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Principal": whom, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}
