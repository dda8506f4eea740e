"""Stacks of others with backups in them, synthesized by the package as it is installed: run in a process of its own."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns


def everything(library: Any, app: cdk.App) -> None:
    """Whatever can be asked for by a value."""
    stack = cdk.Stack(app, "Everything")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-11111111", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-11111111"]
    )
    library.EfsBackup(
        stack, "Backup", source="fs-11111111", vpc=vpc, keep=14,
        keeping=library.Keeping(spare=False), window=cdk.Duration.minutes(90),
        series=library.Series(label="homes", interval="hourly"),
        when=library.When(schedule="cron(0 * * * ? *)", time_zone="Europe/Berlin", maximum_age=6),
        storage=library.Storage(protected=True, kms_key=_key("us-east-1"), throughput_mode="bursting"),
        replica=library.Replica(region="eu-west-1", kms_key=_key("eu-west-1")),
        further=library.Further(wanted=True), fleet=library.Fleet(workers=4, security_groups="sg-11111111,sg-22222222"),
        seals=library.Seals(lock_days=30, lock_mode="COMPLIANCE"), drills=library.Drills(schedule="rate(7 days)"),
        browsing=library.Browsing(wanted=True), in_place=library.InPlace(wanted=True),
        quiet=library.Quiet(document="quiesce-db", ping_parameter="/ping"),
        endpoints=library.Endpoints(wanted=True, route_tables="rtb-11111111", source_security_group="sg-33333333"),
        instance=library.Instance(type="c7g.xlarge", disk_gigabytes=0, http_proxy_parameter="/proxy"),
        reports=library.Reports(email="someone@example.com", chat_topic=_topic("chat")),
        telling=library.Telling(runbooks="https://wiki.example.com/runbooks/"),
    )  # fmt: skip


def least(library: Any, app: cdk.App) -> None:
    """As little as can be: a file system that is there, one zone, nothing told but by a topic that is there."""
    stack = cdk.Stack(app, "Least")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-11111111", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-11111111"]
    )
    address = cdk.CfnParameter(stack, "Address", default="")
    library.EfsBackup(
        stack, "Backup", source="fs-11111111", vpc=vpc, notify=sns.Topic.from_topic_arn(stack, "Topic", _topic("ops")),
        storage=library.Storage(existing="fs-22222222"),
        reports=library.Reports(dashboard=False, email=address.value_as_string),
        fleet=library.Fleet(workers=cdk.CfnParameter(stack, "Several", type="Number", default=1).value_as_number),
    )  # fmt: skip


def _key(region: str) -> str:
    return f"arn:aws:kms:{region}:123456789012:key/0f1e2d3c-0000-1111-2222-333344445555"


def _topic(name: str) -> str:
    return f"arn:aws:sns:us-east-1:123456789012:{name}"


def refusals(library: Any) -> dict[str, str]:
    """The answers of the package to mistakes, by their names."""
    mistakes: dict[str, dict[str, Any]] = {
        "window": {"window": cdk.Duration.minutes(61)},
        "number": {"window": 240},
        "keep": {"keep": 171},
        "mapping": {"keep": {"daily": 3}},
        "both": {"keep": 3, "keeping": library.Keeping(rules="daily=4")},
        "option": {"seal": library.Seals(lock_days=90)},
        "schedule": {"schedule": "cron(0 2 * * *)"},
        "within": {"keep": library.Keep(daily=100, within=library.Keep.parse("within=100d").within)},
        "workers": {"fleet": library.Fleet(workers=2), "further": library.Further(at_a_time=2)},
        "replica": {
            "storage": library.Storage(existing="fs-22222222"), "replica": library.Replica(region="eu-west-1"),
        },
        "endpoints": {"endpoints": library.Endpoints(wanted=True)},
        "zone": {"storage": library.Storage(zone="us-east-1a", performance_mode="maxIO")},
    }  # fmt: skip
    return {name: _refusal(library, given) for name, given in mistakes.items()} | {"second": _second(library)}


def _refusal(library: Any, given: dict[str, Any]) -> str:
    stack, vpc = _stack()
    try:
        library.EfsBackup(stack, "Backup", source="fs-11111111", vpc=vpc, **given)
    except (TypeError, ValueError) as error:
        return str(error)
    return ""


def _second(library: Any) -> str:
    stack, vpc = _stack()
    library.EfsBackup(stack, "First", source="fs-11111111", vpc=vpc)
    library.EfsBackup(cdk.NestedStack(stack, "Inner"), "Nested", source="fs-22222222", vpc=vpc)
    try:
        library.EfsBackup(stack, "Second", source="fs-22222222", vpc=vpc)
    except ValueError as error:
        return str(error)
    return ""


def _stack() -> tuple[cdk.Stack, ec2.IVpc]:
    stack = cdk.Stack(cdk.App(), "Stack")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-11111111", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-11111111"]
    )
    return stack, vpc
