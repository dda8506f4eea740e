"""All facts of a deployed stack, each asked for once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from efs_backup.domain.doctor.answer import Answer, Known, NotKnown
from efs_backup.domain.doctor.launch_checks import FILE_SYSTEMS, PROCESSORS
from efs_backup.domain.doctor.permissions import ANY, INSTANCE, NEEDS, OF_SEVERAL, ORCHESTRATOR, needs_of_source
from efs_backup.domain.doctor.stack_facts import FileSystem, Key, Leave, SecurityGroup, StackFacts, Target
from efs_backup.domain.operations.deployed import DeployedStack
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.sources.table import SourceTable
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.doctor import telling
from efs_backup.lib.doctor.asking import Clients, asked
from efs_backup.lib.doctor.launching import Launching, Template, quota
from efs_backup.lib.doctor.network import Network
from efs_backup.lib.doctor.roles import is_attached, permissions, role_of_profile
from efs_backup.lib.doctor.systems import Systems
from efs_backup.lib.source_table import SourceRows

_ROLES = {"SourceEFS": "source", "BackupEFS": "backup"}
"""The outputs that name file systems, and what those are for."""
_STOP_RULE = "efs-backup-stop"


def gather(clients: Clients, stack: DeployedStack, now: datetime) -> StackFacts:
    """The facts of a stack; what cannot be learned is a fact too. Raises nothing of AWS."""
    return _Account(clients, stack).facts(now)


@dataclass
class _Account:
    """The account in the region of the stack, which is asked for facts."""

    clients: Clients
    stack: DeployedStack

    def facts(self, now: datetime) -> StackFacts:
        clients, network, machines = self.clients, self._network, self._machines
        return StackFacts(
            self.stack,
            now,
            self._topic,
            account=self._caller[4],
            vpc=asked(lambda: network.vpc(self._subnets.value[0].vpc)),
            subnets=self._subnets,
            instance_groups=asked(self._instance_groups),
            endpoints=asked(lambda: network.endpoints(self._subnets.value[0].vpc)),
            targets=asked(self._targets),
            file_systems=asked(self._file_systems),
            group=asked(lambda: machines.group(self._found.value)),
            launches=asked(machines.launches),
            image=asked(lambda: machines.image(clients("ssm"), self.stack.output("AmiId"))),
            machine=asked(lambda: machines.machine(self._template.value.kind)),
            default_key=asked(self._default_key),
            permissions={which: asked(lambda which=which: self._permissions(which)) for which in NEEDS},  # type: ignore[misc]
            quotas={
                PROCESSORS: asked(lambda: quota(clients("service-quotas"), PROCESSORS, machines.processors())),
                FILE_SYSTEMS: asked(lambda: quota(clients("service-quotas"), FILE_SYSTEMS, self._systems.count())),
            },
            subscriptions=asked(lambda: telling.subscriptions(clients("sns"), self._topic)),
            topic_key=self._topic_key,
            wakes=self._wakes,
            function=asked(lambda: telling.function(clients, self._function.value, self.stack.output("Orchestrator"))),
            records=asked(lambda: self._records(lambda one: one.is_backup)),
            restores=asked(lambda: self._records(lambda one: one.is_restore and not one.has_ended)),
            table=self._table,
            leave=asked(self._leave),
            has_bucket=asked(lambda: telling.has_bucket(clients("s3"), self.stack.output("LogBucket"))),
            has_table=asked(lambda: telling.has_table(clients("dynamodb"), self.stack.output("RecordTable"))),
            old_stacks=asked(lambda: telling.old_stacks(clients("cloudformation"), clients("events"))),
        )

    @cached_property
    def _network(self) -> Network:
        return Network(self.clients("ec2"))

    @cached_property
    def _machines(self) -> Launching:
        return Launching(self.clients("autoscaling"), self.clients("ec2"), self.stack.group_name)

    @cached_property
    def _systems(self) -> Systems:
        return Systems(self.clients("efs"), self.clients("kms"))

    @cached_property
    def _found(self) -> Answer[Mapping[str, Any] | None]:
        return asked(self._machines.found)

    @cached_property
    def _template(self) -> Answer[Template]:
        return asked(lambda: self._machines.template(self._found.value))

    @cached_property
    def _subnets(self) -> Answer[Any]:
        def found() -> Any:
            group = self._machines.existing(self._found.value)
            return self._network.subnets([one for one in group["VPCZoneIdentifier"].split(",") if one])

        return asked(found)

    def _instance_groups(self) -> tuple[SecurityGroup, ...]:
        ids = self._template.value.groups
        found = self._network.groups(ids)
        return tuple(found[one] for one in ids if one in found)

    def _targets(self) -> tuple[Target, ...]:
        efs = self.clients("efs")
        return tuple(
            target
            for file_system, role in self._roles().items()
            for target in self._network.targets(efs, file_system, role)
        )

    def _file_systems(self) -> tuple[FileSystem, ...]:
        return tuple(self._systems.file_system(file_system, role) for file_system, role in self._roles().items())

    @cached_property
    def _table(self) -> Answer[SourceTable]:
        if not self.stack.has_further_sources:
            return Known(SourceTable())
        return asked(lambda: SourceRows(self.clients("dynamodb"), self.stack.output("RecordTable")).read())

    def _roles(self) -> dict[str, str]:
        """The purpose of each file system by its id: the first two, and the sources of further rows."""
        return {self.stack.output(output): role for output, role in _ROLES.items()} | self._further

    @cached_property
    def _further(self) -> dict[str, str]:
        """The same of those that only further rows name; none where the rows are not known, which `rows` tells."""
        named = dict[str, list[str]]()
        for row in self._table.value.active if isinstance(self._table, Known) else ():
            named.setdefault(row.file_system, []).append(str(row.label))
        first = {self.stack.outputs.get(output) for output in _ROLES}
        return {
            system: f"source of {', '.join(dict.fromkeys(labels))}"
            for system, labels in named.items() if system not in first
        }  # fmt: skip

    def _leave(self) -> Leave | None:
        told = self._attributes().get("Environment", {}).get("Variables", {})
        role, policy = told.get("WORKER_ROLE", ""), told.get("RESTORE_POLICY", "")
        return Leave(role, policy, is_attached(self.clients("iam"), role, policy)) if policy else None

    def _default_key(self) -> Key | None:
        named = self.clients("ec2").get_ebs_default_kms_key_id()["KmsKeyId"]
        return None if named == "alias/aws/ebs" else self._systems.key(named)

    @cached_property
    def _function(self) -> Answer[Mapping[str, Any]]:
        name = self.stack.outputs.get("Orchestrator", "")
        return asked(lambda: telling.configuration(self.clients("lambda"), name))

    def _attribute(self, name: str) -> str:
        """Of the function. Raises NotKnown where there is none."""
        return str(self._attributes()[name])

    def _attributes(self) -> Mapping[str, Any]:
        """All of them. Raises NotKnown where there is no function."""
        if not self._function.value:
            raise NotKnown("The function is gone (see orchestrator).")
        return self._function.value

    @cached_property
    def _topic(self) -> str:
        """The topic's ARN: as it was given, of another account perhaps; or from its name and the stack's account."""
        name = self.stack.outputs.get("SNSTopic", "")
        if name.startswith("arn:"):
            return name
        return f"arn:{self._caller[1]}:sns:{self.stack.region}:{self._caller[4]}:{name}"

    @cached_property
    def _caller(self) -> list[str]:
        """The parts of the ARN of whoever has these credentials: in the account of the stack, for he sees it."""
        return list(self.clients("sts").get_caller_identity()["Arn"].split(":"))

    def _topic_key_arn(self) -> str:
        """Without a look at the key where the topic names it in full; "" for none."""
        named = telling.key_of_topic(self.clients("sns"), self._topic)
        return named if named.startswith("arn:") or not named else self._systems.key(named).arn

    @cached_property
    def _topic_key(self) -> Answer[Key | None]:
        def found() -> Key | None:
            key = telling.key_of_topic(self.clients("sns"), self._topic)
            return self._systems.key(key) if key else None

        return asked(found)

    @cached_property
    def _wakes(self) -> Answer[Any]:
        return asked(lambda: telling.wakes(self.clients, self._attribute("FunctionArn")))

    def _records(self, is_meant: Callable[[BackupRecord], bool]) -> tuple[BackupRecord, ...]:
        """The newest first."""
        return tuple(sorted(filter(is_meant, self._all_records.value), key=lambda one: one.start_time, reverse=True))

    @cached_property
    def _all_records(self) -> Answer[list[BackupRecord]]:
        return asked(lambda: [*RecordTable(self.clients("dynamodb"), self.stack.output("RecordTable")).backups()])

    def _permissions(self, which: str) -> Any:
        iam = self.clients("iam")
        role = {
            INSTANCE: lambda: role_of_profile(iam, self._template.value.profile),
            ORCHESTRATOR: lambda: self._attribute("Role"),
        }[which]()
        are_several = which == INSTANCE and self.stack.parameters.get("Workers", "1") != "1"
        further = [
            need for system, of in self._further.items()
            for need in needs_of_source(which, system, of, self._systems.tag(system))
        ]  # fmt: skip
        needs = (*NEEDS[which], *(OF_SEVERAL if are_several else ()), *further)
        return permissions(iam, role, needs, self._resources)

    @cached_property
    def _resources(self) -> dict[str, Answer[str]]:
        """ARNs by what `permissions` calls them; "" for what there is none of."""
        partition, region = self._caller[1], self.stack.region
        logs = self.stack.outputs.get("LogBucket", "")
        return {
            ANY: asked(lambda: "*"),
            "table": asked(
                lambda: self.clients("dynamodb").describe_table(TableName=self.stack.output("RecordTable"))["Table"][
                    "TableArn"
                ]
            ),
            "group": asked(lambda: self._machines.existing(self._found.value)["AutoScalingGroupARN"]),
            "source": asked(lambda: self._systems.arn(self.stack.output("SourceEFS"))),
            "backup": asked(lambda: self._systems.arn(self.stack.output("BackupEFS"))),
            "shares": asked(lambda: self.stack.outputs.get("ShareQueue", "")),
            "logs": asked(lambda: f"arn:{partition}:s3:::{logs}/efs-backup-logs/log" if logs else ""),
            "stop rule": asked(lambda: self._stop_rule(partition)),
            "topic": asked(lambda: self._topic),
            "bus": asked(lambda: self._bus(partition)),
            "topic key": asked(self._topic_key_arn),
            **{system: asked(lambda system=system: self._systems.arn_if_any(system)) for system in self._further},  # type: ignore[misc]
            "document": asked(lambda: f"arn:{partition}:ssm:{region}::document/AWS-RunShellScript"),
        }

    def _bus(self, partition: str) -> str:
        return f"arn:{partition}:events:{self.stack.region}:{self._caller[4]}:event-bus/default"

    def _stop_rule(self, partition: str) -> str:
        names = [wake.name for wake in self._wakes.value if wake.name.startswith(_STOP_RULE)]
        return f"arn:{partition}:events:{self.stack.region}:{self._caller[4]}:rule/{names[0]}" if names else ""
