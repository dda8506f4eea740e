"""Backups of a file system in anybody's stack, by what Python has: `EfsBackup`."""

import difflib
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import RETENTION_LIMIT, Retention

from ..packaging.programs import Programs
from ..parameters.around import Browsing, InPlace, Quiet
from ..parameters.backup import BackupParameters
from ..parameters.field import changed
from ..parameters.instance import Endpoints, Fleet, Instance, Network
from ..parameters.proof import Drills, Scrub, Seals
from ..parameters.reports import Reports, Telling
from ..parameters.series import Further, Keeping, Series, Source, When
from ..parameters.storage import Replica, Storage
from .backups import Backups

if TYPE_CHECKING:
    from .page import Page

_MOST_SUBNETS = 3


class Options(TypedDict, total=False):
    """Options beside the source and the VPC: the first in the words of the CDK, then sections of the form.

    subnets: one to three; those that the CDK takes by itself, one in each zone, where nothing is said.
    directory: of the source. keep: rules, or how many of the newest. notify: a topic, in place of one that is made.
    programs: where the programs lie, in place of those that the package brings.
    """

    subnets: ec2.SubnetSelection
    directory: str
    schedule: str | events.Schedule
    window: cdk.Duration
    keep: Retention | int
    notify: sns.ITopic
    programs: Programs
    series: Series
    keeping: Keeping
    when: When
    storage: Storage
    replica: Replica
    further: Further
    seals: Seals
    scrub: Scrub
    drills: Drills
    browsing: Browsing
    quiet: Quiet
    in_place: InPlace
    endpoints: Endpoints
    instance: Instance
    fleet: Fleet
    reports: Reports
    telling: Telling


class EfsBackup(Backups):
    """Scheduled backups of an Amazon EFS file system; one in a stack.

    source: a file system, whose security group then lets the instance in, or an id. None is as good as no option.
    Raises ValueError, or WrongUsage of a retention, for what the form would refuse; TypeError of an unknown option.
    """

    def __init__(
        self, scope: Construct, name: str, *, source: efs.IFileSystem | str, vpc: ec2.IVpc, **options: Unpack[Options]
    ) -> None:
        _refuse_unknown(options)
        programs = options.get("programs") or Programs.packaged()
        super().__init__(scope, name, _parameters(source, vpc, options, programs), programs)
        if topic := options.get("notify"):
            _let_alarms_publish(topic)

    @property
    def file_system_id(self) -> str:
        """The file system that holds the snapshots."""
        return self.backup.id

    def grant_browse(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody look at all snapshots, as root does: efs-backup browse --stack NAME. The page is made for that.

        Raises ValueError where a parameter of the stack decides whether there is a page.
        """
        page = self._page()
        looks_up = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["cloudformation:DescribeStacks"],
            resource_arns=[cdk.Stack.of(self).format_arn(
                service="cloudformation", resource="stack", resource_name=f"{cdk.Aws.STACK_NAME}/*"
            )],
        )  # fmt: skip
        asks = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"],
            resource_arns=[page.function.function_arn],
        )
        return asks.combine(looks_up)

    def _page(self) -> "Page":
        if self.page is None:
            self.page = self._new_page(Browsing(wanted=True))
            self._tell_of_page(self.page)
        if self.page.condition is not True:
            raise ValueError("A grant needs a page that is surely there: give browsing=Browsing(wanted=True).")
        return self.page


def _refuse_unknown(options: Options) -> None:
    """Python alone takes any keyword here: a protection whose name is mistyped would be none."""
    known = [*Options.__annotations__]
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}."
            raise TypeError(f"EfsBackup has no option {name!r}{meant}")


def _parameters(source: efs.IFileSystem | str, vpc: ec2.IVpc, options: Options, programs: Programs) -> BackupParameters:
    """The form, filled in."""
    given: Any = dict(options)
    rest = {kind: given.get(kind) or section() for kind, section in _SECTIONS.items()}
    return BackupParameters(
        source=Source(file_system=_id(source), directory=options.get("directory") or "/"),
        keeping=_keeping(options.get("keeping") or Keeping(), options.get("keep")),
        when=_when(options),
        storage=_storage(options.get("storage") or Storage(), programs),
        network=Network(vpc=vpc.vpc_id, subnets=_subnets(vpc, options.get("subnets"))),
        endpoints=_endpoints(options.get("endpoints") or Endpoints(), source),
        reports=_reports(options.get("reports") or Reports(), options.get("notify")),
        **rest,
    )


_SECTIONS = {
    "series": Series, "replica": Replica, "further": Further, "seals": Seals, "scrub": Scrub, "drills": Drills,
    "browsing": Browsing, "quiet": Quiet, "in_place": InPlace, "instance": Instance, "fleet": Fleet,
    "telling": Telling,
}  # fmt: skip
"""Those that are taken as they are given."""


def _id(source: efs.IFileSystem | str) -> str:
    return source if isinstance(source, str) else source.file_system_id


def _keeping(keeping: Keeping, keep: Retention | int | None) -> Keeping:
    """The section, with rules or how many of the newest where they are given. Raises ValueError of both."""
    if keep is not None and keeping.rules:
        raise ValueError(f"Give keep or the rules of keeping, not both: {keep} and {keeping.rules}.")
    if isinstance(keep, Retention):
        _is_within_the_limit(keep)
        return changed(keeping, rules=str(keep))
    return keeping if keep is None else changed(keeping, newest=keep)


def _is_within_the_limit(keep: Retention) -> None:
    """As the agent would say it at the first backup."""
    most = keep.most(Interval.DAILY)
    if most > RETENTION_LIMIT:
        raise ValueError(f"The rules {keep} keep {most} daily snapshots; Amazon EFS has room for {RETENTION_LIMIT}.")


def _when(options: Options) -> When:
    when = options.get("when") or When()
    if (schedule := options.get("schedule")) is not None:
        when = changed(when, schedule=schedule.expression_string if isinstance(schedule, events.Schedule) else schedule)
    window = options.get("window")
    return when if window is None else changed(when, window=_minutes(window))


def _minutes(window: cdk.Duration) -> int:
    if not isinstance(window, cdk.Duration):
        raise TypeError(f"A window is a Duration, such as Duration.minutes(180), and not {window!r}.")
    return int(window.to_minutes())


def _storage(storage: Storage, programs: Programs) -> Storage:
    """Snapshots are protected where the bundle can mount encrypted, unless something else is said."""
    return changed(storage, protected=programs.mounts_encrypted) if storage.protected is None else storage


def _subnets(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> list[str]:
    if selection is None:
        return vpc.select_subnets(one_per_az=True).subnet_ids[:_MOST_SUBNETS]
    chosen = vpc.select_subnets(
        availability_zones=selection.availability_zones, one_per_az=selection.one_per_az,
        subnet_filters=selection.subnet_filters, subnet_group_name=selection.subnet_group_name,
        subnets=selection.subnets, subnet_type=selection.subnet_type,
    ).subnet_ids  # fmt: skip
    if len(chosen) > _MOST_SUBNETS:
        raise ValueError(f"Give one to {_MOST_SUBNETS} subnets; the selection has {len(chosen)}.")
    return chosen


def _endpoints(endpoints: Endpoints, source: efs.IFileSystem | str) -> Endpoints:
    """The source's own security group lets the instance in, unless another one is said to."""
    groups = [] if isinstance(source, str) else source.connections.security_groups
    if endpoints.source_security_group or not groups:
        return endpoints
    return changed(endpoints, source_security_group=groups[0].security_group_id)


def _reports(reports: Reports, notify: sns.ITopic | None) -> Reports:
    return changed(reports, topic=notify.topic_arn) if notify else reports


def _let_alarms_publish(topic: sns.ITopic) -> None:
    """Alarms are CloudWatch's; a topic that was imported has its policy elsewhere, and so has its key."""
    alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com")
    here = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    topic.add_to_resource_policy(
        iam.PolicyStatement(principals=[alarms], actions=["sns:Publish"], resources=[topic.topic_arn], conditions=here)
    )
    if isinstance(topic, sns.Topic) and topic.master_key:
        topic.master_key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[alarms], actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=["*"], conditions=here
            )
        )
