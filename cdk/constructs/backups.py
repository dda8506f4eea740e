"""All that scheduled backups of one file system need, in whatever stack."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..packaging.programs import Programs
from ..parameters.around import Browsing
from ..parameters.backup import BackupParameters
from ..permissions.orchestrator_role import Surroundings, orchestrator_permissions
from .alarms import Alarms, Known
from .automation import Automation, document_name
from .backup_dashboard import Shown, of_backups
from .backup_file_system import BackupFileSystem
from .backup_settings import BackupSettings, told_by_reports
from .backup_worker import BackupGroup, Work, WorkerRole
from .conditions import equals
from .console import Console
from .dashboard import Dashboard
from .drills import DrillRole
from .endpoints import Endpoints
from .fleet import ShareQueues
from .network import one_zone_is_that_of_the_subnets
from .orchestrator import Orchestrator
from .outputs import Outputs
from .page import Page
from .quiesce import PingSecret, Quiescing
from .records import log_bucket, record_table
from .replication import replica_is_of_a_new_file_system
from .reports import Reports
from .restore_document import RestoreDocuments
from .restore_in_place import LeaveToWrite
from .runbooks import Runbooks
from .schedule import DrillTriggers, ZonedSchedule
from .seals import SealBucket
from .security_groups import SecurityGroups
from .sources import FurtherSources
from .triggers import Triggers


class Backups(Construct):
    """From the schedule to the report; one in a stack, for much of it bears the name of the stack.

    Raises ValueError where there are others, or where values that are known do not go together.
    """

    def __init__(self, scope: Construct, name: str, asked: BackupParameters, programs: Programs) -> None:
        super().__init__(scope, name)
        _is_the_only_one(self)
        self.asked, self._programs = asked, programs
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
        wanted = equals(self.asked.browsing.wanted, "Yes")
        self.page = None if wanted is False else self._new_page(self.asked.browsing)
        self.automation = Automation(self, self.orchestrator)
        RestoreDocuments(self, self.orchestrator, self.automation, self.leave)
        runbooks, self.console = Runbooks(self, self.asked.telling.runbooks), Console(self)
        alarms = Alarms(self, self.reports.topic, self.asked, self.orchestrator, Known(runbooks, sources.condition))
        rows = of_backups(self, Shown(self.settings, alarms, self.orchestrator, runbooks, self.console))
        self.board = Dashboard(self, self.asked.reports.dashboard, rows)
        self._outputs(programs)

    def _check(self) -> None:
        """Refuse what does not go together."""
        one_zone_is_that_of_the_subnets(self, self.asked.storage)
        replica_is_of_a_new_file_system(self, self.asked.storage, self.asked.replica)

    def _settings(self, worker: iam.Role) -> tuple[LeaveToWrite, BackupSettings]:
        """The settings of both programs, with what those need."""
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
        return cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))

    def _new_page(self, browsing: Browsing) -> Page:
        return Page(self, browsing, self.access, self.backup, self._programs.page_code(self))

    def _tell_of_page(self, page: Page) -> None:
        add = self._told.add
        add("BrowseUrl", page.url, "The page, for efs-backup browse --stack", page.condition)
        group = "Let the mount targets of a backup file system of your own accept NFS from this group, for the page"
        add("BrowseSecurityGroup", page.security_group, group, page.condition)

    def _outputs(self, programs: Programs) -> None:
        self._told = Outputs(self)
        add = self._told.add
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
        if self.page:
            self._tell_of_page(self.page)
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


def _is_the_only_one(made: Backups) -> None:
    stack = cdk.Stack.of(made)
    others = (each for each in stack.node.find_all() if isinstance(each, Backups) and each is not made)
    if any(cdk.Stack.of(each) is stack for each in others):
        raise ValueError(
            f"The stack {stack.node.id} has backups already: their group, documents and metrics bear its name. Give"
            " these a stack of their own, or a NestedStack; or add the file system to those by `efs-backup stack add`."
        )
