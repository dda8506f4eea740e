"""The doctor of a stack in an emulated account: each thing that is broken is named, and nothing else.

What moto cannot answer (IAM's simulator, the default key of new disks, quotas) is a recorded answer in AWS's own form.
"""

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore import xform_name
from moto.ec2.models import ec2_backends

from efs_backup.domain.doctor.finding import Finding, Level, examine
from efs_backup.domain.doctor.stack_checks import STACK_CHECKS
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import Interval
from efs_backup.lib.cloudformation import Stacks
from efs_backup.lib.doctor.facts import gather
from efs_backup.stack.account import Account as Door
from tests.stack.described import NAME, Ask
from tests.stack.doctor_account import AMI, ARM, SCHEDULE, Account, healthy, nfs
from tests.support.cloud import ACCOUNT, FIRST_NIGHT, FUNCTION, GROUP, REGION, a_stack
from tests.support.nightly import mostly_nightly
from tests.support.operator_policy import policy, watching

Break = Callable[[Account], AbstractContextManager[None]]
"""Breaks one thing, and mends it again."""

_NOW = datetime.fromisoformat(FIRST_NIGHT)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """One account for all of them: each test leaves it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "true")  # the doctor looks at the image of the instances
        with a_stack(patch.setenv) as cloud:
            ec2_backends[ACCOUNT][REGION]._load_amis()
            with healthy(cloud) as made:
                yield made


def _clients(service: str) -> Any:
    """The clients of the cloud, which are made once."""
    make: Any = boto3.client
    return make(service)


def _looked(only: str = "") -> list[Finding]:
    stack = Stacks(boto3.client("cloudformation"), REGION).find(NAME)
    checks = [check for check in STACK_CHECKS if not only or check.id == only]
    return examine(checks, gather(_clients, stack, _NOW))


def _wrong(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings if finding.level is not Level.OK}


@contextmanager
def _no_rule(account: Account) -> Iterator[None]:
    ec2 = boto3.client("ec2")
    ec2.revoke_security_group_ingress(GroupId=account.target_group, IpPermissions=[nfs(account)])
    yield
    if not ec2.describe_security_groups(GroupIds=[account.target_group])["SecurityGroups"][0]["IpPermissions"]:
        ec2.authorize_security_group_ingress(GroupId=account.target_group, IpPermissions=[nfs(account)])


@contextmanager
def _no_target(account: Account) -> Iterator[None]:
    efs = boto3.client("efs")
    (target,) = efs.describe_mount_targets(FileSystemId=account.backup)["MountTargets"]
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    yield
    efs.create_mount_target(FileSystemId=account.backup, SubnetId=account.subnet, SecurityGroups=[account.target_group])


@contextmanager
def _no_way(account: Account) -> Iterator[None]:
    ec2 = boto3.client("ec2")
    (table,) = ec2.describe_route_tables(RouteTableIds=[account.table])["RouteTables"]
    (nat,) = (route["NatGatewayId"] for route in table["Routes"] if route.get("NatGatewayId"))
    ec2.delete_route(RouteTableId=account.table, DestinationCidrBlock="0.0.0.0/0")
    yield
    ec2.create_route(RouteTableId=account.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)


@contextmanager
def _no_dns(account: Account) -> Iterator[None]:
    ec2 = boto3.client("ec2")
    ec2.modify_vpc_attribute(VpcId=account.vpc, EnableDnsSupport={"Value": False})
    yield
    ec2.modify_vpc_attribute(VpcId=account.vpc, EnableDnsSupport={"Value": True})


@contextmanager
def _wants_tls(account: Account) -> Iterator[None]:
    efs = boto3.client("efs")
    refuses = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Condition": _INSECURE}
    allows = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:Client*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allows, refuses]})
    efs.put_file_system_policy(FileSystemId=account.source, Policy=policy)
    yield
    efs.put_file_system_policy(
        FileSystemId=account.source, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allows]})
    )


_INSECURE = {"Bool": {"aws:SecureTransport": "false"}}


@contextmanager
def _denied(account: Account) -> Iterator[None]:
    account.denied = {"dynamodb:UpdateItem": "explicitDeny"}
    yield
    account.denied = {}


@contextmanager
def _own_key(account: Account) -> Iterator[None]:
    """A key of the account's own, which lets nobody but an administrator use it."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/admin"}, "Action": "kms:*"}
    made = boto3.client("kms").create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    account.default_key = made["KeyMetadata"]["Arn"]
    yield
    account.default_key = "alias/aws/ebs"


@contextmanager
def _other_architecture(account: Account) -> Iterator[None]:
    ssm = boto3.client("ssm")
    before = ssm.get_parameter(Name=AMI)["Parameter"]["Value"]
    ssm.put_parameter(Name=AMI, Value=ARM, Overwrite=True)
    yield
    ssm.put_parameter(Name=AMI, Value=before, Overwrite=True)


@contextmanager
def _no_quota(account: Account) -> Iterator[None]:
    account.limit = 1.0
    yield
    account.limit = 64.0


@contextmanager
def _disabled(account: Account) -> Iterator[None]:
    events = boto3.client("events")
    events.disable_rule(Name="start")
    yield
    events.enable_rule(Name="start")


@contextmanager
def _waiting_event(account: Account) -> Iterator[None]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="failed-events")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    yield
    sqs.purge_queue(QueueUrl=url)


@contextmanager
def _nobody_told(account: Account) -> Iterator[None]:
    sns, topic = boto3.client("sns"), account.cloud.environment["TOPIC_ARN"]
    (told,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=told["SubscriptionArn"])
    yield
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told["Endpoint"])


@contextmanager
def _suspended(account: Account) -> Iterator[None]:
    scaling = boto3.client("autoscaling")
    scaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
    yield
    scaling.resume_processes(AutoScalingGroupName=GROUP)


@contextmanager
def _old_stack(account: Account) -> Iterator[None]:
    """The former solution, whose rule still starts backups of the same source."""
    cloudformation = boto3.client("cloudformation")
    rule = {"Type": "AWS::Events::Rule", "Properties": {"Name": "nightly", "ScheduleExpression": SCHEDULE}}
    template = {"Parameters": {"SrcEFS": {"Type": "String"}}, "Resources": {"Rule": rule}}
    cloudformation.create_stack(
        StackName="old", TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "SrcEFS", "ParameterValue": account.source}],
    )  # fmt: skip
    yield
    cloudformation.delete_stack(StackName="old")


@contextmanager
def _with_leave(account: Account) -> Iterator[None]:
    iam = boto3.client("iam")
    iam.attach_role_policy(RoleName="instance", PolicyArn=account.leave)
    yield
    iam.detach_role_policy(RoleName="instance", PolicyArn=account.leave)


@contextmanager
def _never_runs(account: Account) -> Iterator[None]:
    function = boto3.client("lambda")
    function.put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=0)
    yield
    function.delete_function_concurrency(FunctionName=FUNCTION)


@contextmanager
def _no_bucket(account: Account) -> Iterator[None]:
    s3, name = boto3.client("s3"), account.cloud.environment["LOG_BUCKET"]
    s3.delete_bucket(Bucket=name)
    yield
    s3.create_bucket(Bucket=name)


BROKEN: dict[str, tuple[Break, str]] = {
    "nfs-rules": (_no_rule, "no rule there lets NFS (TCP 2049) in"),
    "mount-targets": (_no_target, "has no mount target"),
    "way-to-aws": (_no_way, "endpoints are missing for s3, dynamodb, ssm"),
    "vpc-dns": (_no_dns, "DNS resolution is switched off"),
    "mount-policies": (_wants_tls, "refuses mounts without TLS"),
    "instance-role": (_denied, "may not dynamodb:UpdateItem"),
    "ebs-key": (_own_key, "does not let AWSServiceRoleForAutoScaling use it"),
    "ami": (_other_architecture, "is for arm64, and c6i.xlarge is x86_64"),
    "vcpu-quota": (_no_quota, "needs 4 vCPUs; of 1"),
    "schedule": (_disabled, "start (cron(0 2 * * ? *)), which wakes the orchestrator, is disabled"),
    "failed-events": (_waiting_event, "1 event could not be handled"),
    "subscription": (_nobody_told, "Nobody has subscribed"),
    "group": (_suspended, "are suspended: Launch"),
    "orchestrator": (_never_runs, "reserved concurrency of none"),
    "old-solution": (_old_stack, "The rule nightly of the old stack old still starts backups"),
    "leave-to-write": (_with_leave, "may write to the source"),
    "log-bucket": (_no_bucket, "There is no bucket"),
}
_ALSO = {"way-to-aws": {"packages"}, "instance-role": {"orchestrator-role"}}
"""The findings that are true beside it: who has no way out has none to Ubuntu's archive; both roles have that call."""


def test_in_an_account_that_lacks_nothing_nothing_is_found(account: Account) -> None:
    """Else nobody would read the findings."""
    assert _wrong(_looked()) == {}


@pytest.mark.parametrize("broken", mostly_nightly(BROKEN, 6))
def test_what_is_broken_is_named_and_nothing_else(account: Account, broken: str) -> None:
    """Each by its own check, with why it matters and what mends it."""
    break_it, said = BROKEN[broken]
    with break_it(account):
        found = _wrong(_looked())
    assert found.keys() == {broken} | _ALSO.get(broken, set()), found
    assert said in found[broken].what
    assert found[broken].why
    assert found[broken].command


def test_what_is_wrong_with_a_further_file_system_names_its_label(account: Account) -> None:
    """Its rule, and the tag without which the instance may not mount it; the first file system is well."""
    ec2, efs = boto3.client("ec2"), boto3.client("efs")
    ec2.revoke_security_group_ingress(GroupId=account.web_group, IpPermissions=[nfs(account)])
    efs.untag_resource(ResourceId=account.web, TagKeys=["efs-backup:policy"])
    found = _wrong(_looked())
    assert found.keys() == {"nfs-rules", "instance-role"}
    assert f"of {account.web} (source of web, {REGION}a) has {account.web_group}" in found["nfs-rules"].what
    assert f"{account.web} (source of web): nothing allows it" in found["instance-role"].what
    assert f"tag-resource --resource-id {account.web}" in found["instance-role"].command
    ec2.authorize_security_group_ingress(GroupId=account.web_group, IpPermissions=[nfs(account)])
    efs.tag_resource(ResourceId=account.web, Tags=[{"Key": "efs-backup:policy", "Value": "by-hand"}])


def test_a_topic_of_another_account_is_asked_as_that_and_nothing_else_is(account: Account) -> None:
    """The bus and the stop rule are the stack's own, whose account the topic does not tell."""
    stack = Stacks(boto3.client("cloudformation"), REGION).find(NAME)
    topic = f"arn:aws:sns:{REGION}:999999999999:reports"
    asked = list[str]()
    simulate = account.simulate

    def noted(_account: Account, given: dict[str, list[str]]) -> str:
        asked.extend(value[0] for key, value in given.items() if key.startswith("ResourceArns"))
        return simulate(given)

    with mock.patch.object(Account, "simulate", noted):
        facts = gather(_clients, replace(stack, outputs={**stack.outputs, "SNSTopic": topic}), _NOW)
    assert (facts.topic, facts.account) == (topic, ACCOUNT)
    assert {one for one in asked if ":999999999999:" in one} == {topic}
    assert f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default" in asked


def test_the_command_of_a_missing_rule_mends_it(account: Account) -> None:
    """As it stands, by the names that the service itself knows."""
    with _no_rule(account):
        _open_port(_wrong(_looked("nfs-rules"))["nfs-rules"].command)
        assert _wrong(_looked("nfs-rules")) == {}


def _open_port(line: str) -> None:
    """Call AWS as its command line would."""
    _, service, operation, *rest = shlex.split(line)
    options = {rest[at].removeprefix("--"): rest[at + 1] for at in range(0, len(rest), 2)}
    options.pop("region")
    port, group = int(options.pop("port")), options.pop("source-group")
    rule = {"IpProtocol": options.pop("protocol"), "FromPort": port, "ToPort": port}
    client: Any = _clients(service)
    names = client.meta.service_model.operation_model("AuthorizeSecurityGroupIngress").input_shape.members
    known = {xform_name(name, "-"): name for name in names}
    arguments: dict[str, Any] = {known[name]: value for name, value in options.items()}
    assert operation == "authorize-security-group-ingress"
    client.authorize_security_group_ingress(
        **arguments, IpPermissions=[{**rule, "UserIdGroupPairs": [{"GroupId": group}]}]
    )


def _failed(reason: FailureReason, minutes: int = 0) -> BackupRecord:
    start = _NOW - timedelta(hours=2, minutes=minutes)
    record = BackupRecord(
        backup_id=BackupId(f"{minutes:08x}"), status=BackupStatus.RUNNING, start_time=start, window_minutes=180,
        interval=Interval.DAILY, retention=7, expires=start + timedelta(days=90),
    )  # fmt: skip
    return record.ended(BackupStatus.FAILED, now=_NOW, message="fs-1 did not answer.", reason=reason)


def test_after_a_failed_night_its_likely_cause_is_named(account: Account) -> None:
    """By the reason of the record, and by what is still broken."""
    account.cloud.store.put(_failed(FailureReason.MOUNT_FAILED))
    with _no_rule(account):
        said = _wrong(_looked("last-night"))["last-night"].what
    assert "is Failed (MountFailed). Likely cause: The mount target" in said
    assert "(see nfs-rules)" in said
    assert "network ACL" in _wrong(_looked("last-night"))["last-night"].what
    boto3.client("dynamodb").delete_item(
        TableName=account.outputs()["RecordTable"], Key={"BackupId": {"S": "00000000"}}
    )


def test_the_command_tells_it_and_exits_by_it(account: Account, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """6 where something is wrong, and with -q nothing else is told."""
    here = staticmethod(lambda _region, _profile: Door(REGION, _clients))
    monkeypatch.setattr(Door, "of", here)  # clients of its own would be made anew each time
    with _disabled(account):
        told = ask("doctor", NAME, "--only", "schedule", "--only", "stack", "--json", code=6)
    (stack, schedule) = told.json["findings"]
    assert (stack["level"], schedule["level"]) == ("ok", "fault")
    assert schedule["command"] == f"aws events enable-rule --name start --region {REGION}"
    assert told.json["levels"] == {"ok": 1, "warning": 0, "fault": 1, "unknown": 0}
    assert ask("doctor", "-q", "--only", "stack").stdout == ""
    assert "There is no check 'plugh'; there are: last-night, stack" in ask("doctor", "--only", "plugh", code=2).stderr


def test_what_may_not_be_asked_is_unknown_and_no_all_clear(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the call that is refused."""

    def refuse(*_: object, **__: object) -> None:
        raise _refusal("DescribeFileSystemPolicy")

    efs = boto3.client("efs")
    monkeypatch.setattr(efs, "describe_file_system_policy", refuse)
    found = _wrong(_looked("mount-policies"))["mount-policies"]
    assert found.level is Level.UNKNOWN
    assert found.what == "You may not call DescribeFileSystemPolicy: allow it, or ask who may."


def _refusal(operation: str) -> Exception:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)


def test_the_policy_of_the_page_allows_each_call_and_no_other(account: Account) -> None:
    """A call that is allowed and not made here is for a key, a schedule in a time zone, or an old stack."""
    called = set[str]()
    stack = Stacks(_clients("cloudformation"), REGION).find(NAME)
    gather(watching(_clients, called), stack, _NOW)
    allowed = policy()
    assert called <= allowed
    assert allowed - called == {
        "cloudformation:ListStackResources", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants",
        "scheduler:GetSchedule", "servicequotas:GetAWSDefaultServiceQuota",
    }  # fmt: skip
