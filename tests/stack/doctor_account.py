"""An account in which a deployed stack lacks nothing, and what moto cannot answer about it.

The answers that moto has not are recorded ones, in the form of the service's own API: `SimulatePrincipalPolicy` (of
which moto has nothing), `GetEbsDefaultKmsKeyId`, and quotas.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import boto3
from moto.core.models import botocore_stubber

from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.sources.discovery import TAG
from efs_backup.domain.sources.row import BY_HAND, Policy, Source
from efs_backup.domain.sources.table import SourceTable, taken_by
from efs_backup.lib.source_table import SourceRows
from tests.stack.described import NAME, describe, outputs_of
from tests.support.cloud import ACCOUNT, FUNCTION, GROUP, REGION, TABLE, Cloud

SCHEDULE = "cron(0 2 * * ? *)"
AMI = "/ami/x86"
X86, ARM = "ami-1e749f67", "ami-0e9271c829888680e"
"""AMIs that the emulation has."""
KIND = "c6i.xlarge"
_WRITES = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "elasticfilesystem:ClientWrite", "Resource": "*"}],
})  # fmt: skip
_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@dataclass
class Account:
    """An account that a test may break. denied: calls that IAM refuses; default_key: of new disks; limit: of vCPUs.

    web: a further source.
    """

    cloud: Cloud
    vpc: str = ""
    subnet: str = ""
    table: str = ""
    worker: str = ""
    target_group: str = ""
    web: str = ""
    web_group: str = ""
    leave: str = ""
    denied: dict[str, str] = field(default_factory=dict)
    default_key: str = "alias/aws/ebs"
    limit: float = 64.0
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The file system that is backed up."""
        return self.cloud.environment["SOURCE_FILE_SYSTEM"]

    @property
    def backup(self) -> str:
        """The file system that holds the snapshots."""
        return self.cloud.environment["BACKUP_FILE_SYSTEM"]

    def outputs(self) -> dict[str, str]:
        """The outputs of the template."""
        return {
            **outputs_of(self.cloud), "SecurityGroup": self.worker, "SNSTopic": "reports", "AmiId": AMI,
            "MountsEncrypted": "No",
        }  # fmt: skip

    def simulate(self, asked: dict[str, list[str]]) -> str:
        """The recorded answer of IAM's simulator, with the calls that were asked for."""
        actions = [value[0] for key, value in asked.items() if key.startswith("ActionNames.member.")]
        (resource,) = (value[0] for key, value in asked.items() if key.startswith("ResourceArns.member."))
        keys = {value[0] for key, value in asked.items() if key.endswith("ContextKeyName")}
        is_bound = resource.endswith(self.web) and f"aws:ResourceTag/{TAG}" not in keys
        denied = self.denied | ({"elasticfilesystem:ClientMount": "implicitDeny"} if is_bound else {})
        members = "".join(
            f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>"
            f"<EvalDecision>{denied.get(action, 'allowed')}</EvalDecision><MatchedStatements/>"
            "<MissingContextValues/></member>"
            for action in actions
        )
        result = f"<EvaluationResults>{members}</EvaluationResults><IsTruncated>false</IsTruncated>"
        return (
            '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            f"<SimulatePrincipalPolicyResult>{result}</SimulatePrincipalPolicyResult>"
            "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
        )

    def ebs_key(self) -> str:
        """The recorded answer of Amazon EC2."""
        return (
            '<GetEbsDefaultKmsKeyIdResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>'
            f"<kmsKeyId>{self.default_key}</kmsKeyId></GetEbsDefaultKmsKeyIdResponse>"
        )

    def quota(self, code: str) -> str:
        """The recorded answer of Service Quotas."""
        name, value = ("Running On-Demand Standard instances", self.limit) if code == "L-1216C47A" else ("Files", 1000)
        return json.dumps({"Quota": {"QuotaCode": code, "QuotaName": name, "Value": value, "ServiceCode": "x"}})


@contextmanager
def healthy(cloud: Cloud) -> Iterator[Account]:
    """The account, with the stack that CloudFormation describes."""
    account = Account(cloud)
    _network(account)
    _file_systems(account)
    _launch(account)
    _wakes(account)
    boto3.client("s3").create_bucket(Bucket=cloud.environment["LOG_BUCKET"])
    account.parameters = {
        "BackupSchedule": SCHEDULE, "BackupWindow": "180", "VpcId": account.vpc, "DrillSchedule": "",
        "FurtherSources": "Yes",
    }  # fmt: skip
    _further_row(account)
    _leave(account)
    describe(NAME, account.outputs(), **account.parameters)
    with _recorded(account):
        yield account


def _network(account: Account) -> None:
    ec2 = boto3.client("ec2")
    account.vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=account.vpc, EnableDnsHostnames={"Value": True})
    account.subnet = ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.7.1.0/24", AvailabilityZone=f"{REGION}a")[
        "Subnet"
    ]["SubnetId"]
    public = ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.7.9.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=public["SubnetId"], AllocationId=address)["NatGateway"]["NatGatewayId"]
    account.table = ec2.create_route_table(VpcId=account.vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=account.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    ec2.associate_route_table(RouteTableId=account.table, SubnetId=account.subnet)
    made = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=account.vpc)["GroupId"]
        for name in ("worker", "targets")
    )
    account.worker, account.target_group = made
    let_nfs_in(account)


def let_nfs_in(account: Account) -> None:
    """The rule of the mount targets."""
    boto3.client("ec2").authorize_security_group_ingress(GroupId=account.target_group, IpPermissions=[nfs(account)])


def nfs(account: Account) -> Any:
    """The rule itself."""
    pairs = [{"GroupId": account.worker}]
    return {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": pairs}


def _file_systems(account: Account) -> None:
    efs = boto3.client("efs")
    made = efs.create_file_system(CreationToken="elastic", ThroughputMode="elastic")
    account.cloud.environment["BACKUP_FILE_SYSTEM"] = made["FileSystemId"]
    for file_system in (account.source, account.backup):
        efs.create_mount_target(
            FileSystemId=file_system, SubnetId=account.subnet, SecurityGroups=[account.target_group]
        )


def _further_row(account: Account) -> None:
    """A row for a file system of its own, with a security group of its own."""
    ec2, efs = boto3.client("ec2"), boto3.client("efs")
    account.web_group = ec2.create_security_group(GroupName="web", Description="web", VpcId=account.vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=account.web_group, IpPermissions=[nfs(account)])
    account.web = efs.create_file_system(
        CreationToken="web", ThroughputMode="elastic", Tags=[{"Key": TAG, "Value": BY_HAND}]
    )["FileSystemId"]
    efs.create_mount_target(FileSystemId=account.web, SubnetId=account.subnet, SecurityGroups=[account.web_group])
    rules = Policy("", Interval.DAILY, "last=7", SCHEDULE, "", 180)
    row = Source(FolderLabel("web"), account.web, "/", rules, account.cloud.now())
    first = taken_by(replace(row, label=FolderLabel("efs-backup"), file_system=account.source))
    SourceRows(boto3.client("dynamodb"), TABLE).write(SourceTable().with_row(row, first, account.backup))


def _leave(account: Account) -> None:
    """The policy of a stack with RestoreInPlace, which nobody has."""
    leave = boto3.client("iam").create_policy(PolicyName="leave", PolicyDocument=_WRITES)["Policy"]["Arn"]
    account.leave = leave
    boto3.client("lambda").update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": {"WORKER_ROLE": "instance", "RESTORE_POLICY": leave}}
    )


def _launch(account: Account) -> None:
    ec2, iam = boto3.client("ec2"), boto3.client("iam")
    iam.create_role(RoleName="instance", AssumeRolePolicyDocument=_TRUST)
    iam.create_instance_profile(InstanceProfileName="instance")
    iam.add_role_to_instance_profile(InstanceProfileName="instance", RoleName="instance")
    boto3.client("ssm").put_parameter(Name=AMI, Value=X86, Type="String")
    data = {
        "ImageId": f"resolve:ssm:{AMI}", "InstanceType": KIND, "SecurityGroupIds": [account.worker],
        "IamInstanceProfile": {"Name": "instance"},
    }  # fmt: skip
    template = ec2.create_launch_template(LaunchTemplateName="doctor", LaunchTemplateData=data)["LaunchTemplate"][
        "LaunchTemplateId"
    ]
    boto3.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=GROUP, VPCZoneIdentifier=account.subnet,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
    )  # fmt: skip


def _wakes(account: Account) -> None:
    events, target = boto3.client("events"), _function_arn()
    for name, schedule in (("start", SCHEDULE), ("reconcile", "rate(30 minutes)")):
        events.put_rule(Name=name, ScheduleExpression=schedule, State="ENABLED")
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])
    url = boto3.client("sqs").create_queue(QueueName="failed-events")["QueueUrl"]
    queue = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    boto3.client("lambda").put_function_event_invoke_config(
        FunctionName=FUNCTION, DestinationConfig={"OnFailure": {"Destination": queue["QueueArn"]}}
    )
    assert account.cloud.environment["TABLE_NAME"] == TABLE


def _function_arn() -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"


@contextmanager
def _recorded(account: Account) -> Iterator[None]:
    """Answer what moto cannot, in its place."""
    emulated = botocore_stubber.process_request

    def answered(request: Any) -> Any:
        text = _recorded_answer(account, request)
        return emulated(request) if text is None else (200, {}, text)

    with mock.patch.object(botocore_stubber, "process_request", answered):
        yield


def _recorded_answer(account: Account, request: Any) -> str | None:
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    if "Action=SimulatePrincipalPolicy" in body:
        return account.simulate(parse_qs(body))
    if "Action=GetEbsDefaultKmsKeyId" in body:
        return account.ebs_key()
    return account.quota(json.loads(body)["QuotaCode"]) if "servicequotas" in request.url else None
