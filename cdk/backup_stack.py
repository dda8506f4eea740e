"""All that scheduled backups of one file system need."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from cdk.alarms import Alarms
from cdk.backup_file_system import BackupFileSystem
from cdk.backup_parameters import backup_parameters
from cdk.backup_settings import BackupSettings
from cdk.backup_worker import BackupWorker
from cdk.dashboard import Dashboard, of_backups
from cdk.drills import DrillRole
from cdk.endpoints import Endpoints
from cdk.form import Form
from cdk.network import one_zone_is_that_of_the_subnets, subnets_are_in_the_vpc
from cdk.orchestrator import Orchestrator
from cdk.orchestrator_role import Surroundings, orchestrator_permissions
from cdk.outputs import Outputs
from cdk.permissions import acknowledge, permit
from cdk.programs import Programs
from cdk.quiesce import PingSecret, Quiescing
from cdk.records import log_bucket, record_table
from cdk.reports import Reports
from cdk.schedule import DrillTriggers, ZonedSchedule
from cdk.seals import SealBucket
from cdk.security_groups import SecurityGroups
from cdk.triggers import Triggers


class BackupStack(cdk.Stack):
    """From the schedule to the report."""

    def __init__(self, scope: Construct, name: str, programs: Programs, **options: Any) -> None:
        super().__init__(scope, name, description="Backups of an Amazon EFS file system as snapshot trees", **options)
        self.form = Form(self, backup_parameters(protects=programs.mounts_encrypted))
        subnets_are_in_the_vpc(self)
        one_zone_is_that_of_the_subnets(self, self.form)
        self.table, self.logs = record_table(self), log_bucket(self)
        self.reports = Reports(self, self.form.text("Email"))
        self.access = SecurityGroups(self, self.form)
        Endpoints(self, self.form, self.access)
        worker = BackupWorker(self)
        self.backup = BackupFileSystem(self, self.form, worker.role, self.access.backup)
        self.seals = SealBucket(self, self.form)
        self.seals.let_write(worker.role)
        drills = DrillRole(self, self.form, worker.role)
        quiescing = Quiescing(self, self.form, worker.role)
        PingSecret(self, self.form, worker.role)
        self.settings = BackupSettings(
            self.form, self.table.table_name, self.logs.bucket_name, self.backup, self.seals, drills.arn_if_any,
            quiescing.tag,
        )  # fmt: skip
        drills.let_drill(self.settings)
        self.group = worker.start_with(self.settings, self.access, self.table.table_arn, programs.bundle(self))
        self.orchestrator = self._orchestrator(programs)
        Alarms(self, self.reports.topic, self.form, self.orchestrator)
        widgets = of_backups(self.settings, self.orchestrator.function)
        self.board = Dashboard(self, self.form.text("Dashboard"), widgets)
        self._outputs(programs)

    def _orchestrator(self, programs: Programs) -> Orchestrator:
        """With what it may do, and what wakes it."""
        uuid, topic = self._uuid, self.reports.topic.topic_arn
        rule = f"efs-backup-stop-{uuid}"
        environment = self.settings.of_orchestrator(uuid=uuid, topic=topic, stop_rule=rule)
        orchestrator = Orchestrator(self, programs.lambda_code(self), environment)
        around = Surroundings(self.settings, self.group.name, rule, self.table.table_arn, self.reports)
        policy = permit(orchestrator, orchestrator.role, orchestrator_permissions(orchestrator, around))
        orchestrator.wait_for(policy)
        triggers = Triggers(self, orchestrator.function, self.form.text("BackupSchedule"), self.group.name, rule)
        zoned = ZonedSchedule(self, self.form, orchestrator, instead_of=triggers.start)
        drills = DrillTriggers(self, self.form, orchestrator)
        for each in (triggers, zoned, drills):
            each.node.add_dependency(policy)
        return orchestrator

    @property
    def _uuid(self) -> str:
        """The last part of the stack's ARN."""
        return cdk.Fn.select(2, cdk.Fn.split("/", self.stack_id))

    def _outputs(self, programs: Programs) -> None:
        add = Outputs(self).add
        add("UUID", self._uuid, "The id of this deployment")
        add("SNSTopic", self.reports.topic.topic_name, "The topic of the reports")
        add("SourceEFS", self.form.text("SrcEFS"), "The file system that is backed up")
        add("BackupEFS", self.backup.id, "The file system that holds the snapshots")
        add("DashboardView", self.board.name, "The CloudWatch dashboard", self.board.condition)
        add("LogBucket", self.logs.bucket_name, "The bucket of the logs")
        add("SealBucket", self.seals.name, "The bucket of the seals", self.seals.condition)
        add("AmiId", self.group.ami, "The SSM parameter with the AMI of the backup instance; records say which it was")
        add("SecurityGroup", self.access.worker, "Let the mount targets of the source accept NFS from this group")
        add("Orchestrator", self.orchestrator.function.function_name, "The Lambda function, to start a backup by hand")
        add("MountsEncrypted", "Yes" if programs.mounts_encrypted else "No", "Whether the bundle mounts with TLS")
        add("RecordTable", self.table.table_name, "The table with a record of each backup")
        reason = "The file system is named under the condition under which it is made."
        acknowledge(self, "CloudFormation-Validate::W1001", reason)
