"""All that scheduled backups of one file system need."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from efs_backup import __version__

from .constructs.alarms import Alarms, Known
from .constructs.automation import Automation, document_name
from .constructs.backup_dashboard import Shown, of_backups
from .constructs.backup_file_system import BackupFileSystem
from .constructs.backup_settings import BackupSettings, told_by_reports
from .constructs.backup_worker import BackupGroup, Work, WorkerRole
from .constructs.console import Console
from .constructs.dashboard import Dashboard
from .constructs.drills import DrillRole
from .constructs.endpoints import Endpoints
from .constructs.fleet import ShareQueues
from .constructs.network import one_zone_is_that_of_the_subnets, subnets_are_in_the_vpc
from .constructs.orchestrator import Orchestrator
from .constructs.outputs import Outputs
from .constructs.page import Page
from .constructs.quiesce import PingSecret, Quiescing
from .constructs.records import log_bucket, record_table
from .constructs.replication import replica_is_of_a_new_file_system
from .constructs.reports import Reports
from .constructs.restore_document import RestoreDocuments
from .constructs.restore_in_place import LeaveToWrite
from .constructs.runbooks import Runbooks
from .constructs.schedule import DrillTriggers, ZonedSchedule
from .constructs.seals import SealBucket
from .constructs.security_groups import SecurityGroups
from .constructs.sources import FurtherSources
from .constructs.triggers import Triggers
from .packaging.programs import Programs
from .parameters.backup import BackupParameters, defaults
from .parameters.form import declare
from .permissions.orchestrator_role import Surroundings, orchestrator_permissions

DESCRIPTION = f"Backups of an Amazon EFS file system as snapshot trees (efs-backup {__version__})"


class BackupStack(cdk.Stack):
    """From the schedule to the report."""

    def __init__(self, scope: Construct, name: str, programs: Programs, **options: Any) -> None:
        super().__init__(scope, name, description=DESCRIPTION, **options)
        self.asked = declare(self, BackupParameters, defaults(protects=programs.mounts_encrypted))
        self._check()
        self.table, self.logs = record_table(self), log_bucket(self)
        self.reports = Reports(self, self.asked.reports)
        self.access = SecurityGroups(self, self.asked.network, self.asked.endpoints, self.asked.fleet)
        Endpoints(self, self.asked, self.access)
        worker = WorkerRole(self)
        self.backup = BackupFileSystem(
            self, (self.asked.storage, self.asked.replica), self.asked.network, worker.role, self.access.backup
        )
        self.seals = SealBucket(self, self.asked.seals)
        self.seals.let_write(worker.role)
        self.leave, self.settings = self._settings(worker.role)
        sources = FurtherSources(self, self.asked.further)
        sources.let_read(worker.role)
        work = Work(self.settings, self.access, self.table.table_arn, programs.bundle(self))
        self.group = BackupGroup(worker, work)
        sources.let_go_alone(worker.role, self.group.name)
        self.orchestrator = self._orchestrator(programs)
        sources.let_find(self.orchestrator)
        self.page = Page(self, self.asked.browsing, self.access, self.backup, programs.page_code(self))
        self.automation = Automation(self, self.orchestrator)
        RestoreDocuments(self, self.orchestrator, self.automation, self.leave)
        runbooks, self.console = Runbooks(self, self.asked.telling.runbooks), Console(self)
        alarms = Alarms(self, self.reports.topic, self.asked, self.orchestrator, Known(runbooks, sources.condition))
        rows = of_backups(self, Shown(self.settings, alarms, self.orchestrator, runbooks, self.console))
        self.board = Dashboard(self, self.asked.reports.dashboard, rows)
        self._outputs(programs)

    def _check(self) -> None:
        """Refuse what does not go together."""
        subnets_are_in_the_vpc(self)
        one_zone_is_that_of_the_subnets(self, self.asked.storage)
        replica_is_of_a_new_file_system(self, self.asked.storage, self.asked.replica)

    def _settings(self, worker: iam.Role) -> tuple[LeaveToWrite, BackupSettings]:
        """What both programs are told, with what that needs."""
        asked, table, logs = self.asked, self.table.table_name, self.logs.bucket_name
        drills = DrillRole(self, asked.drills, worker, backup=self.backup.id, log_bucket=logs)
        quiescing = Quiescing(self, asked.quiet, worker)
        PingSecret(self, asked.quiet, worker)
        leave = LeaveToWrite(self, asked.in_place, asked.source.file_system, worker)
        return leave, BackupSettings(
            asked, table, logs, self.backup, self.seals, drills.arn_if_any, quiescing.tag, leave.policy_if_any,
            worker.role_name, ShareQueues(self, asked.fleet, asked.further),
        )  # fmt: skip

    def _orchestrator(self, programs: Programs) -> Orchestrator:
        """With what it may do, and what wakes it."""
        uuid, rule, when = self._uuid, f"efs-backup-stop-{self._uuid}", self.asked.when
        environment = {
            **self.settings.of_orchestrator(uuid=uuid, topic=self.reports.arn, stop_rule=rule),
            **told_by_reports(self, self.asked, self.access.worker),
        }
        around = Surroundings(
            self.asked.source.file_system, self.backup.id, self.logs.bucket_name, self.group.name, rule,
            self.table.table_arn,
        )  # fmt: skip
        orchestrator = Orchestrator(self, programs.lambda_code(self), environment, orchestrator_permissions(around))
        self.reports.let_tell(orchestrator.role)
        self.leave.let_pass(orchestrator.role)
        triggers = Triggers(self, orchestrator.function, when.schedule, self.group.name, rule)
        zoned = ZonedSchedule(self, when, orchestrator, instead_of=triggers.start)
        drills = DrillTriggers(self, when, self.asked.drills.schedule, orchestrator)
        for each in (triggers, zoned, drills):
            each.node.add_dependency(orchestrator.policy)
        return orchestrator

    @property
    def _uuid(self) -> str:
        """The last part of the stack's ARN."""
        return cdk.Fn.select(2, cdk.Fn.split("/", self.stack_id))

    def _outputs(self, programs: Programs) -> None:
        add = Outputs(self).add
        add("UUID", self._uuid, "The id of this deployment")
        add("SNSTopic", self.reports.name, "The topic of the reports")
        add("SourceEFS", self.asked.source.file_system, "The file system that is backed up")
        add("BackupEFS", self.backup.id, "The file system that holds the snapshots")
        replication = self.backup.replication
        add("ReplicaRegion", replication.region, "The region of the replica of BackupEFS", replication.condition)
        add("DashboardView", self.board.name, "The CloudWatch dashboard", self.board.condition)
        board = self.console.dashboard(self.board.name)
        add("DashboardUrl", board, "The dashboard in the console", self.board.condition)
        add("TopicArn", self.reports.arn, "The topic of the reports, for further subscriptions")
        add("LogBucket", self.logs.bucket_name, "The bucket of the logs")
        add("SealBucket", self.seals.name, "The bucket of the seals", self.seals.condition)
        shares = self.settings.shares
        add(
            "ShareQueue",
            shares.arn,
            "The queue of the shares of a backup that several instances make",
            shares.condition,
        )
        add("AmiId", self.group.ami, "The SSM parameter with the AMI of the backup instance; records say which it was")
        add("SecurityGroup", self.access.worker, "Let the mount targets of the source accept NFS from this group")
        add("Orchestrator", self.orchestrator.function.function_name, "The Lambda function, to start a backup by hand")
        add("BrowseUrl", self.page.url, "The page, for efs-backup browse --stack", self.page.condition)
        group = "Let the mount targets of a backup file system of your own accept NFS from this group, for the page"
        add("BrowseSecurityGroup", self.page.security_group, group, self.page.condition)
        add("StartDocument", document_name("StartBackup"), "One of the Automation documents to operate the backups")
        add("AutomationRole", self.automation.role.role_arn, "The role of these documents, for iam:PassRole")
        log = self.orchestrator.log_group.log_group_name
        add("LogGroup", log, "The log of the orchestrator")
        add("LogGroupUrl", self.console.log_group(log), "The log of the orchestrator in the console")
        here = f"{cdk.Aws.STACK_NAME} --region {cdk.Aws.REGION}"
        add("StartCommand", f"efs-backup stack start {here} --follow", "Starts a backup by hand")
        add("RestoreCommand", f"efs-backup stack restore {here} --dry-run --path PATH", "Shows what a restore would do")
        add("MountsEncrypted", "Yes" if programs.mounts_encrypted else "No", "Whether the bundle mounts with TLS")
        add("RecordTable", self.table.table_name, "The table with a record of each backup")
