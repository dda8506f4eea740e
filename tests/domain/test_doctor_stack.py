"""Decisions of `efs-backup stack doctor`: each fact that is wrong is named by its own check, and by no other."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from efs_backup.domain.doctor.answer import Known, Unknown
from efs_backup.domain.doctor.finding import Finding, Level, examine
from efs_backup.domain.doctor.launch_checks import FILE_SYSTEMS, PROCESSORS
from efs_backup.domain.doctor.mount_policy import wants_encryption
from efs_backup.domain.doctor.permissions import INSTANCE, ORCHESTRATOR
from efs_backup.domain.doctor.stack_checks import CAUSES, STACK_CHECKS
from efs_backup.domain.doctor.stack_facts import (
    Endpoint,
    FileSystem,
    Function,
    Group,
    Image,
    Key,
    Launch,
    Leave,
    Machine,
    OldStack,
    Permission,
    Quota,
    Route,
    Rule,
    SecurityGroup,
    StackFacts,
    Subnet,
    Subscription,
    Target,
    Vpc,
    Wake,
)
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.domain.sources.table import SourceTable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REGION = "eu-central-1"
SCHEDULE = "cron(0 2 * * ? *)"
UBUNTU = "/aws/service/canonical/ubuntu/x86"
ALL = Rule("-1", 0, 65535, networks=("0.0.0.0/0",))
WORKER = SecurityGroup("sg-worker", egress=(ALL,))
NFS_IN = Rule("tcp", 2049, 2049, frozenset({"sg-worker"}))
TARGETS = SecurityGroup("sg-targets", (NFS_IN,))
SUBNET = Subnet(
    "subnet-1", "vpc-1", "eu-central-1a", "10.0.1.0/24", table="rtb-1",
    routes=(Route("10.0.0.0/16", "local"), Route("0.0.0.0/0", "nat-1")),
)  # fmt: skip
CLOSED = replace(SUBNET, routes=SUBNET.routes[:1])
SERVICES = ("s3", "dynamodb", "ssm", "ssmmessages", "ec2messages", "autoscaling", "elasticfilesystem")
HTTPS_IN = SecurityGroup("sg-endpoints", (Rule("tcp", 443, 443, frozenset({"sg-worker"})),))
ENDPOINTS = tuple(
    Endpoint(f"vpce-{name}", name, "Gateway", tables=("rtb-1",))
    if name in {"s3", "dynamodb"}
    else Endpoint(f"vpce-{name}", name, "Interface", subnets=("subnet-1",), groups=(HTTPS_IN,))
    for name in SERVICES
)
STACK = DeployedStack(
    "EfsBackup", REGION, "UPDATE_COMPLETE",
    {"SourceEFS": "fs-1", "BackupEFS": "fs-2", "AmiId": UBUNTU, "MountsEncrypted": "No", "SecurityGroup": "sg-worker"},
    {"BackupSchedule": SCHEDULE, "BackupWindow": "180", "RootDevice": "/dev/sda1", "DiskGigabytes": "16"},
)  # fmt: skip


def system(role: str) -> FileSystem:
    """A file system that is well."""
    name = "fs-1" if role == "source" else "fs-2"
    return FileSystem(
        name, role, "available", "generalPurpose", "elastic", 2**40, Known(None), Known(None), Known(False)
    )


def night(status: BackupStatus, hours: int = 10, reason: FailureReason | None = None) -> BackupRecord:
    """A backup that began so many hours ago."""
    begun = BackupRecord(
        backup_id=BackupId(f"{hours:08x}"), status=BackupStatus.RUNNING, start_time=NOW - timedelta(hours=hours),
        window_minutes=180, interval=Interval.DAILY, retention=7, expires=NOW,
    )  # fmt: skip
    return begun.ended(status, now=NOW, message="It ended.", reason=reason)


def target(role: str) -> Target:
    """A mount target that is well."""
    name = "fs-1" if role == "source" else "fs-2"
    return Target(f"fsmt-{role}", role, name, "eu-central-1a", "subnet-1", "vpc-1", "10.0.1.9", "available", (TARGETS,))


SOUND = StackFacts(
    STACK,
    NOW,
    f"arn:aws:sns:{REGION}:1:reports",
    account="1",
    vpc=Known(Vpc("vpc-1")),
    subnets=Known((SUBNET,)),
    instance_groups=Known((WORKER,)),
    endpoints=Known(()),
    targets=Known((target("source"), target("backup"))),
    file_systems=Known((system("source"), system("backup"))),
    group=Known(Group("EfsBackup-worker")),
    launches=Known((Launch(NOW - timedelta(days=1), has_failed=True), Launch(NOW, has_failed=False))),
    image=Known(Image("ami-1", "x86_64", "available", "/dev/sda1", 8)),
    machine=Known(Machine("c6i.xlarge", ("x86_64",), 4, frozenset({"eu-central-1a"}))),
    default_key=Known(None),
    permissions={
        INSTANCE: Known((Permission("role/i", "s3:PutObject", "arn:logs", "allowed"),)),
        ORCHESTRATOR: Known((Permission("role/o", "sns:Publish", "arn:topic", "allowed"),)),
    },
    quotas={
        PROCESSORS: Known(Quota("ec2", "L-1216C47A", "vCPUs", 64, 8)),
        FILE_SYSTEMS: Known(Quota("elasticfilesystem", "L-848C634D", "File systems", 1000, 3)),
    },
    subscriptions=Known((Subscription("email", "you@example.com", is_confirmed=True),)),
    topic_key=Known(None),
    wakes=Known((Wake("start", SCHEDULE, is_enabled=True), Wake("efs-backup-stop-1", "cron(x)", is_enabled=False))),
    function=Known(Function("orchestrator", queue="failed-events")),
    records=Known((night(BackupStatus.SUCCESS),)),
    restores=Known(()),
    table=Known(SourceTable()),
    leave=Known(Leave("worker", "arn:leave", is_given=False)),
    has_bucket=Known(True),
    has_table=Known(True),
    old_stacks=Known(()),
)


def _with(**changed: Any) -> StackFacts:
    known: dict[str, Any] = {name: Known(value) for name, value in changed.items()}
    return replace(SOUND, **known)


def _parameters(facts: StackFacts, **changed: str) -> StackFacts:
    return replace(facts, stack=replace(facts.stack, parameters={**facts.stack.parameters, **changed}))


def _outputs(facts: StackFacts, **changed: str) -> StackFacts:
    return replace(facts, stack=replace(facts.stack, outputs={**facts.stack.outputs, **changed}))


def _system(role: str, **changed: Any) -> StackFacts:
    both = (system("source"), system("backup"))
    return _with(file_systems=tuple(replace(one, **changed) if one.role == role else one for one in both))


def _private(*endpoints: Endpoint) -> StackFacts:
    return _with(subnets=(CLOSED,), endpoints=endpoints)


def _targets(**changed: Any) -> StackFacts:
    return _with(targets=tuple(replace(target(role), **changed) for role in ("source", "backup")))


def _denied(which: str, by: str = "") -> StackFacts:
    refused = Permission("role/x", "dynamodb:Scan", "arn:table", "implicitDeny", by)
    return replace(SOUND, permissions={**SOUND.permissions, which: Known((refused,))})


def _quota(name: str, limit: float, used: float) -> StackFacts:
    quota = replace(SOUND.quotas[name].value, limit=limit, used=used)
    return replace(SOUND, quotas={**SOUND.quotas, name: Known(quota)})


def _record(**changed: Any) -> StackFacts:
    return _with(records=(replace(night(BackupStatus.SUCCESS), **changed),))


SLR = "arn:aws:iam::1:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
OWN_KEY = Key("arn:aws:kms:eu-central-1:1:key/1", is_ours=True, policy={"Statement": []})
TLS = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["elasticfilesystem:ClientMount"],
            "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
        },
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
}
_LEAVE = Leave("worker", "arn:leave", is_given=True)
MINE = Wake("start", SCHEDULE, is_enabled=True)
OLD = OldStack("old", "fs-1", ("nightly",), ())
F, W, U = Level.FAULT, Level.WARNING, Level.UNKNOWN

WRONG: list[tuple[str, Callable[[], StackFacts], Level, str]] = [
    (
        "last-night",
        lambda: _with(
            records=(night(BackupStatus.FAILED, 1, FailureReason.SERIES_MISSING), night(BackupStatus.SUCCESS))
        ),
        F,
        "was replaced",
    ),
    (
        "last-night",
        lambda: _with(records=(night(BackupStatus.INCOMPLETE, 1), night(BackupStatus.SUCCESS))),
        W,
        "Incomplete",
    ),
    ("stack", lambda: replace(SOUND, stack=replace(STACK, status="DELETE_FAILED")), F, "DELETE_FAILED"),
    ("stack", lambda: replace(SOUND, stack=replace(STACK, status="UPDATE_IN_PROGRESS")), W, "UPDATE_IN_PROGRESS"),
    ("schedule", lambda: _with(wakes=(replace(MINE, is_enabled=False),)), F, "aws events enable-rule --name start"),
    ("schedule", lambda: _with(wakes=(replace(MINE, is_enabled=False, is_rule=False),)), F, "update-schedule"),
    (
        "schedule",
        lambda: _with(wakes=(Wake("other", "rate(30 minutes)", is_enabled=True),)),
        F,
        "Nothing starts backups",
    ),
    ("orchestrator", lambda: _with(function=Function("o", concurrency=0)), F, "delete-function-concurrency"),
    ("orchestrator", lambda: _with(function=Function("o", "Inactive")), F, "Inactive"),
    ("failed-events", lambda: _with(function=Function("o", queue="q", failed_events=2, log_group="/l")), F, "2 events"),
    (
        "subscription",
        lambda: _with(subscriptions=(Subscription("email", "a@b.c", is_confirmed=False),)),
        F,
        "sns subscribe",
    ),
    ("subscription", lambda: _with(subscriptions=()), F, "Nobody"),
    (
        "topic-key",
        lambda: _with(
            topic_key=replace(
                OWN_KEY,
                state="PendingDeletion",
                policy={"Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}}]},
            )
        ),
        F,
        "cancel-key-deletion",
    ),
    ("topic-key", lambda: _with(topic_key=OWN_KEY), F, "no alarm arrives"),
    ("topic-key", lambda: _with(topic_key=Key("arn:aws:kms:eu-central-1:1:key/sns")), F, "key of AWS's own"),
    ("orchestrator", lambda: _with(function=Function("o", "gone")), F, "is gone"),
    ("window", lambda: _record(forecast_seconds=9000.0), W, "ParameterKey=BackupWindow,ParameterValue=240"),
    ("window", lambda: _record(forecast_seconds=12000.0), F, "200 minutes"),
    ("window", lambda: _record(forecast_seconds=60.0, forecast_days_left=5.0), W, "5 days"),
    ("success", lambda: _with(records=(night(BackupStatus.SUCCESS, 40),)), F, "40 hours ago"),
    ("rows", lambda: _with(table=SourceTable(faults=("The row web cannot be read.",))), F, "stack list EfsBackup"),
    ("leave-to-write", lambda: _with(leave=_LEAVE), F, "detach-role-policy --role-name worker --policy-arn arn:leave"),
    ("held", lambda: _record(hold="20261101T020000Z"), W, "stack release EfsBackup"),
    ("old-solution", lambda: _with(old_stacks=(OLD,)), F, "events disable-rule --name nightly"),
    ("old-solution", lambda: _with(old_stacks=(replace(OLD, rules=()),)), W, "delete-stack"),
    (
        "old-solution",
        lambda: _with(old_stacks=(OldStack("old", "fs-9", (), ("sg-targets",)),)),
        W,
        "goes with that stack",
    ),
    ("mount-targets", lambda: _with(targets=(target("source"),)), F, "fs-2 (backup) has no mount target."),
    (
        "mount-targets",
        lambda: _with(targets=(target("source"), replace(target("backup"), state="deleting"))),
        F,
        "deleting",
    ),
    ("mount-targets", lambda: _targets(zone="eu-central-1b"), W, "no mount target in eu-central-1a"),
    (
        "nfs-rules",
        lambda: _with(targets=(target("source"), replace(target("backup"), groups=(SecurityGroup("sg-x"),)))),
        F,
        "authorize-security-group-ingress --group-id sg-x --protocol tcp --port 2049 --source-group sg-worker",
    ),
    (
        "nfs-rules",
        lambda: _with(
            targets=(
                target("source"),
                replace(target("backup"), groups=(SecurityGroup("sg-x", (Rule("tcp", 0, 65535, lists=("pl-1",)),)),)),
            )
        ),
        U,
        "unless by a list",
    ),
    ("egress", lambda: _with(instance_groups=(replace(WORKER, egress=(Rule("tcp", 443, 443),)),)), F, "TCP 2049"),
    (
        "routes",
        lambda: _with(subnets=(replace(SUBNET, routes=(Route("10.0.0.0/24", "local"),)),), endpoints=ENDPOINTS),
        F,
        "no route to 10.0.1.9",
    ),
    ("vpc-dns", lambda: _with(vpc=Vpc("vpc-1", has_dns=False)), F, "--enable-dns-support"),
    ("vpc-dns", lambda: _with(vpc=Vpc("vpc-1", has_names=False)), W, "--enable-dns-hostnames"),
    ("way-to-aws", _private, F, "ParameterKey=CreateEndpoints,ParameterValue=Yes"),
    (
        "way-to-aws",
        lambda: _private(*(one for one in ENDPOINTS if one.service != "ssm")),
        F,
        "--service-name com.amazonaws.eu-central-1.ssm",
    ),
    ("way-to-aws", lambda: _private(*(one for one in ENDPOINTS if one.service != "s3")), F, "--route-table-ids rtb-1"),
    (
        "way-to-aws",
        lambda: _with(subnets=(replace(SUBNET, routes=(*SUBNET.routes[:1], Route("0.0.0.0/0", "igw-1"))),)),
        F,
        "serves public addresses alone",
    ),
    (
        "way-to-aws",
        lambda: _with(
            subnets=(replace(SUBNET, routes=(*SUBNET.routes[:1], Route("0.0.0.0/0", "nat-1", is_active=False))),)
        ),
        F,
        "is gone",
    ),
    (
        "endpoint-rules",
        lambda: _with(endpoints=(replace(ENDPOINTS[2], groups=(SecurityGroup("sg-e"),)),)),
        F,
        "TCP 443",
    ),
    (
        "endpoint-rules",
        lambda: _with(endpoints=(replace(ENDPOINTS[2], has_private_names=False),)),
        F,
        "--private-dns-enabled",
    ),
    ("endpoint-rules", lambda: _with(endpoints=(replace(ENDPOINTS[0], is_open=False),)), W, "policy of its own"),
    ("packages", lambda: _private(*ENDPOINTS), W, "build-bundle.sh"),
    ("file-systems", lambda: _system("source", state="gone"), F, "fs-1 (source) is gone"),
    ("file-system-keys", lambda: _system("backup", key=Known(replace(OWN_KEY, state="Disabled"))), F, "kms enable-key"),
    ("mount-policies", lambda: _system("source", policy=Known(TLS)), F, "refuses mounts without TLS"),
    ("mount-policies", lambda: _outputs(_system("source", policy=Known(TLS)), AmiId="/my/ami"), U, "see that the AMI"),
    ("protection", lambda: _outputs(SOUND, MountsEncrypted="Yes"), W, "ParameterKey=BackupSecurity,ParameterValue=Yes"),
    ("throughput", lambda: _system("backup", throughput="bursting", size=2**30), W, "--throughput-mode elastic"),
    (
        "throughput",
        lambda: replace(
            _system("source", throughput="bursting"),
            records=_record(source="fs-1", source_burst_credit_balance=1e9).records,
        ),
        W,
        "1 GiB of burst credits",
    ),
    ("aws-backup", lambda: _system("backup", has_aws_backup=Known(True)), W, "put-backup-policy"),
    ("log-bucket", lambda: _outputs(_with(has_bucket=False), LogBucket="logs"), F, "LocationConstraint=eu-central-1"),
    ("record-table", lambda: _with(has_table=False), F, "dynamodb create-table"),
    ("group", lambda: _with(group=None), F, "no Auto Scaling group"),
    ("group", lambda: _with(group=Group("g", ("Launch",))), F, "resume-processes"),
    (
        "launches",
        lambda: _with(launches=(Launch(NOW, has_failed=True, message="more than your vCPU limit"),)),
        F,
        "Likely cause",
    ),
    ("ami", lambda: _with(image=Image("", "", "gone", "", 0)), F, "no parameter"),
    ("ami", lambda: _with(image=Image("ami-1", "arm64", "available", "/dev/sda1", 8)), F, "AmiX86"),
    ("ami", lambda: _with(image=Image("ami-1", "x86_64", "available", "/dev/xvda", 8)), F, "RootDevice"),
    ("ami", lambda: _with(image=Image("ami-1", "x86_64", "available", "/dev/sda1", 30)), F, "ParameterValue=30"),
    ("instance-type", lambda: _with(machine=Machine("x", ("x86_64",), 4, frozenset())), F, "no x in eu-central-1a"),
    ("ebs-key", lambda: _with(default_key=OWN_KEY), F, "kms create-grant"),
    ("vcpu-quota", lambda: _quota(PROCESSORS, 2, 0), F, "needs 4 vCPUs; of 2"),
    ("vcpu-quota", lambda: _quota(PROCESSORS, 8, 6), W, "6 are in use"),
    ("file-system-quota", lambda: _quota(FILE_SYSTEMS, 3, 3), W, "3 of 3"),
    ("instance-role", lambda: _denied(INSTANCE), F, "nothing allows it"),
    ("orchestrator-role", lambda: _denied(ORCHESTRATOR, "by a service control policy"), F, "service control policy"),
]
"""(id, facts, level, words of the finding or its command)."""


def _wrong(facts: StackFacts) -> list[Finding]:
    return [one for one in examine(STACK_CHECKS, facts) if one.level is not Level.OK]


def test_where_nothing_is_wrong_all_is_well() -> None:
    """By a way out, by endpoints, and by a proxy."""
    assert _wrong(SOUND) == []
    assert [one.id for one in _wrong(_private(*ENDPOINTS))] == ["packages"]
    assert _wrong(_parameters(_private(), HttpProxy="http://10.0.0.1:3128")) == []


@pytest.mark.parametrize(("check", "facts", "level", "words"), WRONG)
def test_what_is_wrong_is_named_by_its_own_check(
    check: str, facts: Callable[[], StackFacts], level: Level, words: str
) -> None:
    """With its level; the words stand in the sentence or in the command."""
    wrong = [one for one in _wrong(facts()) if one.id == check]
    assert {one.level for one in wrong} == {level}, wrong
    assert words in f"{wrong[0].what} {wrong[0].command}"
    assert wrong[0].why


@pytest.mark.parametrize(("check", "facts"), [(check, facts) for check, facts, *_ in WRONG])
def test_no_other_check_names_it_but_what_follows_from_it(check: str, facts: Callable[[], StackFacts]) -> None:
    """A reader looks at each finding once."""
    others = {one.id for one in _wrong(facts())} - {check}
    assert others <= FOLLOWS.get(check, set())


FOLLOWS: Mapping[str, set[str]] = {"way-to-aws": {"packages"}, "routes": {"packages"}}
"""Who has no way out has none to Ubuntu's archive either."""


def test_each_check_has_facts_that_are_wrong_for_it() -> None:
    """A check that nothing breaks would prove nothing."""
    assert {check for check, *_ in WRONG} == {check.id for check in STACK_CHECKS}


def test_each_reason_of_a_failure_has_a_likely_cause() -> None:
    """And the checks that may name it are in the table."""
    assert CAUSES.keys() == {*FailureReason}
    assert {one for cause in CAUSES.values() for one in cause.suspects} <= {check.id for check in STACK_CHECKS}


def test_a_failed_night_is_explained_by_what_is_still_wrong() -> None:
    """Else by what the reason says alone."""
    failed = (night(BackupStatus.FAILED, 1, FailureReason.MOUNT_FAILED), night(BackupStatus.SUCCESS))
    broken = replace(_with(records=failed), targets=Known((target("source"),)))
    (said,) = (one.what for one in _wrong(broken) if one.id == "last-night")
    assert "Likely cause: fs-2 (backup) has no mount target. (see mount-targets)" in said


def test_a_key_of_ones_own_that_lets_auto_scaling_use_it_is_well() -> None:
    """By a grant, or by its policy."""
    assert _wrong(_with(default_key=replace(OWN_KEY, grantees=(SLR,)))) == []
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": SLR}, "Action": "kms:*"}]}
    assert _wrong(_with(default_key=replace(OWN_KEY, policy=policy))) == []
    assert _wrong(_with(default_key=Key("arn:aws:kms:eu-central-1:1:key/2"))) == []


@pytest.mark.parametrize(
    ("rule", "is_open"),
    [
        (Rule("tcp", 2049, 2049, networks=("10.0.0.0/16",)), True),
        (Rule("tcp", 2049, 2049, networks=("10.0.2.0/24",)), False),
        (Rule("tcp", 2048, 2050, networks=("0.0.0.0/0",)), True),
        (Rule("udp", 2049, 2049, networks=("0.0.0.0/0",)), False),
        (Rule("tcp", 111, 111, frozenset({"sg-worker"})), False),
        (Rule("-1", 0, 65535, frozenset({"sg-worker"})), True),
        (Rule("tcp", 2049, 2049, frozenset({"sg-other"})), False),
    ],
)
def test_a_rule_opens_by_group_or_by_a_network_that_holds_the_subnet(rule: Rule, is_open: bool) -> None:
    """And for this port and protocol alone."""
    found = _wrong(_targets(groups=(SecurityGroup("sg-t", (rule,)),)))
    assert (not found) is is_open


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (None, False),
        (TLS, True),
        ({"Statement": [TLS["Statement"][0]]}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:role"}, "Action": "*"}]}, True),
        ({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:*"}}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*",
                         "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}]}, True),
        ({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:ClientMount",
                         "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]}, True),
    ],
)  # fmt: skip
def test_a_policy_wants_tls_or_a_role_where_no_plain_mount_fulfils_it(
    policy: Mapping[str, object], wanted: bool
) -> None:
    """A mount by NFS alone is without both."""
    assert wants_encryption(policy) is wanted


def test_what_is_not_known_is_said_by_the_checks_that_need_it() -> None:
    """With the reason, and no other check."""
    wrong = _wrong(replace(SOUND, wakes=Unknown("You may not call ListSchedules.")))
    assert [(one.id, one.level, one.what) for one in wrong] == [("schedule", U, "You may not call ListSchedules.")]


def _of_rows(*records: BackupRecord, policy: str = "", **changed: Any) -> StackFacts:
    """A stack with a further row, web, of fs-9, which is there for a day."""
    rules = Policy(policy, Interval.DAILY, "last=7", SCHEDULE, "", 60)
    row = Source(FolderLabel("web"), "fs-9", "/", rules, NOW - timedelta(days=1))
    facts = _with(table=SourceTable(rows=(row,)), records=(*records, night(BackupStatus.SUCCESS)), **changed)
    return _parameters(facts, FurtherSources="Yes")


def _web(status: BackupStatus, hours: int = 1, **known: Any) -> BackupRecord:
    return replace(night(status, hours), label="web", source="fs-9", **known)


@pytest.mark.parametrize(
    ("check", "facts", "words"),
    [
        ("last-night", lambda: _of_rows(_web(BackupStatus.FAILED)), "The backup of web/daily of"),
        ("window", lambda: _of_rows(_web(BackupStatus.SUCCESS, forecast_seconds=4000.0)),
         "--label web --interval daily --window 90m"),
        ("window", lambda: _of_rows(_web(BackupStatus.SUCCESS, forecast_seconds=4000.0), policy="nightly"),
         "stack add EfsBackup --policy nightly --window 90m"),
        ("success", lambda: _of_rows(_web(BackupStatus.SUCCESS, 40)), "The last success of web/daily began 40 hours"),
        ("held", lambda: _of_rows(_web(BackupStatus.SUCCESS, hold="20261101T020000Z")),
         "release EfsBackup --label web --interval daily"),
        ("nfs-rules", lambda: _of_rows(_web(BackupStatus.SUCCESS), targets=(
            target("source"), target("backup"),
            replace(target("source"), id="fsmt-9", file_system="fs-9", role="source of web", groups=()),
        )), "of fs-9 (source of web, eu-central-1a) has no group"),
        ("file-systems", lambda: _of_rows(_web(BackupStatus.SUCCESS), file_systems=(
            system("source"), system("backup"),
            replace(system("source"), id="fs-9", role="source of web", state="gone"),
        ), targets=(
            target("source"), target("backup"), replace(target("source"), file_system="fs-9", role="source of web"),
        )), "fs-9 (source of web) is gone"),
        ("mount-policies", lambda: _of_rows(_web(BackupStatus.SUCCESS), file_systems=(
            system("source"), system("backup"),
            replace(system("source"), id="fs-9", role="source of web", policy=Known(TLS)),
        ), targets=(
            target("source"), target("backup"), replace(target("source"), file_system="fs-9", role="source of web"),
        )), "The policy of fs-9 (source of web) refuses mounts without TLS"),
        ("instance-role", lambda: replace(_of_rows(_web(BackupStatus.SUCCESS)), permissions={
            **SOUND.permissions, INSTANCE: Known((Permission(
                "role/i", "elasticfilesystem:ClientMount", "arn:efs:file-system/fs-9", "implicitDeny",
                of="source of web",
            ),)),
        }), "aws efs tag-resource --resource-id fs-9 --tags Key=efs-backup:policy,Value=by-hand"),
        ("old-solution", lambda: _of_rows(_web(BackupStatus.SUCCESS), old_stacks=(replace(OLD, source="fs-9"),)),
         "still starts backups of fs-9"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_further_file_system_names_it(
    check: str, facts: Callable[[], StackFacts], words: str
) -> None:
    """By its label; that the first one is well hides nothing, and nothing else is named."""
    (wrong,) = _wrong(facts())
    assert wrong.id == check
    assert words in f"{wrong.what} {wrong.command}"


def test_a_further_file_system_that_was_never_backed_up_is_overdue_in_time() -> None:
    """As of when its row came to be."""
    assert _wrong(_of_rows()) == []
    (wrong,) = _wrong(replace(_of_rows(), now=NOW + timedelta(hours=24), records=Known((
        replace(night(BackupStatus.SUCCESS), start_time=NOW),
    ))))  # fmt: skip
    assert wrong.what == "The row web/daily is there for 48 hours, and no backup of it began."


def test_rows_that_cannot_be_read_hide_nothing_of_the_first() -> None:
    """They are unknown; its hold is told all the same."""
    held = replace(_of_rows(), table=Unknown("no table"), records=_record(hold="20261101T020000Z").records)
    found = [one for one in _wrong(held) if one.id == "held"]
    assert [one.level for one in found] == [Level.WARNING, Level.UNKNOWN]
    assert "efs-backup/daily" in found[0].what


def test_the_leave_to_write_is_well_while_a_restore_runs() -> None:
    """One that plans needs none, and one whose window is long over runs no more."""
    order = RestoreOrder(("/a",), to_original=True).to_text()
    running = replace(night(BackupStatus.SUCCESS, 1), status=BackupStatus.RUNNING, mode=Mode.RESTORE)
    given = replace(SOUND, leave=Known(_LEAVE))
    for record, is_well in (
        (replace(running, restore_order=order), True),
        (replace(running, restore_order=RestoreOrder(("/a",), to_original=True, dry_run=True).to_text()), False),
        (replace(running, restore_order=order, start_time=NOW - timedelta(days=9)), False),
    ):
        assert (_wrong(replace(given, restores=Known((record,)))) == []) is is_well


def test_a_key_of_another_account_is_for_the_groups_role_of_this_one() -> None:
    """The role that launches is the stack's account's own, whoever has the key."""
    key = replace(OWN_KEY, arn="arn:aws:kms:eu-central-1:9:key/1", grantees=(SLR,))
    assert _wrong(_with(default_key=key)) == []
