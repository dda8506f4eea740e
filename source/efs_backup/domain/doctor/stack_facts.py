"""Facts of a deployed stack and of what is around it in the account, as they are gathered from AWS."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from efs_backup.domain.doctor.answer import Answer
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.sources.table import SourceTable

Policy = Mapping[str, Any]
"""A policy document as AWS keeps it."""


@dataclass(frozen=True)
class Rule:
    """A rule of a security group. protocol: `tcp`, or `-1` for all; groups, networks, lists: whom it lets in or out."""

    protocol: str
    first: int
    last: int
    groups: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    def is_for(self, port: int) -> bool:
        """Whether it speaks of this TCP port."""
        return self.protocol == "-1" or (self.protocol in {"tcp", "6"} and self.first <= port <= self.last)


@dataclass(frozen=True)
class SecurityGroup:
    """A security group; ingress lets in, egress lets out."""

    id: str
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Route:
    """A route. network: where to; target: by what (`local`, `nat-1`, `igw-1`), "" for none."""

    network: str
    target: str
    is_active: bool = True


@dataclass(frozen=True)
class Subnet:
    """A subnet of the group's instances, with the routes of its table. is_public: an instance gets a public address."""

    id: str
    vpc: str
    zone: str
    network: str
    is_public: bool = False
    table: str = ""
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Vpc:
    """A VPC, and whether it has DNS and host names."""

    id: str
    has_dns: bool = True
    has_names: bool = True


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint. service: the last part of its name; kind: Interface or Gateway; groups: of security."""

    id: str
    service: str
    kind: str
    state: str = "available"
    subnets: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    has_private_names: bool = True
    is_open: bool = True


@dataclass(frozen=True)
class Target:
    """A mount target. role: whose file system it is, `source`, `source of LABEL` or `backup`."""

    id: str
    role: str
    file_system: str
    zone: str
    subnet: str
    vpc: str
    address: str
    state: str = "available"
    groups: tuple[SecurityGroup, ...] = ()


@dataclass(frozen=True)
class Key:
    """A key of KMS. state: Enabled, Disabled, PendingDeletion, ...; policy: None where it is AWS's own."""

    arn: str
    state: str = "Enabled"
    is_ours: bool = False
    policy: Policy | None = None
    grantees: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileSystem:
    """A file system of Amazon EFS. role: as of a Target.

    key: "" where it is not encrypted; policy: None where it has none; size: bytes.
    """

    id: str
    role: str
    state: str
    mode: str
    throughput: str
    size: int
    policy: Answer[Policy | None]
    key: Answer[Key | None]
    has_aws_backup: Answer[bool]


@dataclass(frozen=True)
class Permission:
    """The answer of IAM about a role's call. decision: `allowed`, `implicitDeny` or `explicitDeny`; by: what denies.

    of: what the resource is, where its ARN alone says too little.
    """

    role: str
    action: str
    resource: str
    decision: str
    by: str = ""
    of: str = ""


@dataclass(frozen=True)
class Leave:
    """The policy that lets the role of the instance write to the source. is_given: attached at this moment."""

    role: str
    policy: str
    is_given: bool


@dataclass(frozen=True)
class Image:
    """An AMI. id: "" where the parameter is not there; disk: gigabytes of its root device."""

    id: str
    architecture: str
    state: str
    root_device: str
    disk: int


@dataclass(frozen=True)
class Machine:
    """An instance type, and the zones that offer it."""

    name: str
    architectures: tuple[str, ...]
    processors: int
    zones: frozenset[str]


@dataclass(frozen=True)
class Group:
    """The Auto Scaling group. suspended: processes that are switched off."""

    name: str
    suspended: tuple[str, ...] = ()


@dataclass(frozen=True)
class Launch:
    """A launch of the group that has ended."""

    time: datetime
    has_failed: bool
    message: str = ""


@dataclass(frozen=True)
class Quota:
    """A quota of the account, and how much of it is used; code: Service Quotas' own."""

    service: str
    code: str
    name: str
    limit: float
    used: float


@dataclass(frozen=True)
class Subscription:
    """Somebody whom the topic tells."""

    protocol: str
    endpoint: str
    is_confirmed: bool


@dataclass(frozen=True)
class Wake:
    """A rule of EventBridge, or a schedule of its Scheduler, that calls the function."""

    name: str
    expression: str
    is_enabled: bool
    is_rule: bool = True
    group: str = "default"


@dataclass(frozen=True)
class Function:
    """The orchestrator. concurrency: reserved, None for none; queue: of the events that it gave up, "" for none."""

    name: str
    state: str = "Active"
    concurrency: int | None = None
    log_group: str = ""
    queue: str = ""
    failed_events: int = 0


@dataclass(frozen=True)
class OldStack:
    """A stack of the solution that this project replaces. rules: its schedules that are enabled; groups: its own."""

    name: str
    source: str
    rules: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class StackFacts:
    """All that the checks of a stack go by.

    topic: the ARN of that of the reports, perhaps of another account than `account`, which is the stack's; group: None
    where it is gone. records: of backups, the newest first. restores: that run, or never reported. table: of the
    further rows. leave: None where the stack never restores into its source.
    default_key: with which new disks are encrypted; None where it is AWS's own. has_bucket, has_table: whether that of
    the logs, and of the records, is there.
    """

    stack: DeployedStack
    now: datetime
    topic: str
    account: str
    vpc: Answer[Vpc]
    subnets: Answer[tuple[Subnet, ...]]
    instance_groups: Answer[tuple[SecurityGroup, ...]]
    endpoints: Answer[tuple[Endpoint, ...]]
    targets: Answer[tuple[Target, ...]]
    file_systems: Answer[tuple[FileSystem, ...]]
    group: Answer[Group | None]
    launches: Answer[tuple[Launch, ...]]
    image: Answer[Image]
    machine: Answer[Machine]
    default_key: Answer[Key | None]
    permissions: Mapping[str, Answer[tuple[Permission, ...]]]
    quotas: Mapping[str, Answer[Quota]]
    subscriptions: Answer[tuple[Subscription, ...]]
    topic_key: Answer[Key | None]
    wakes: Answer[tuple[Wake, ...]]
    function: Answer[Function]
    records: Answer[tuple[BackupRecord, ...]]
    restores: Answer[tuple[BackupRecord, ...]]
    table: Answer[SourceTable]
    leave: Answer[Leave | None]
    has_bucket: Answer[bool]
    has_table: Answer[bool]
    old_stacks: Answer[tuple[OldStack, ...]]

    @property
    def region(self) -> str:
        """The region of the stack."""
        return self.stack.region

    def parameter(self, name: str, otherwise: str = "") -> str:
        """A parameter of the stack; another version of the template may have none of that name."""
        return self.stack.parameters.get(name, otherwise)
