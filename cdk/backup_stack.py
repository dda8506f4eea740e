"""All that scheduled backups of one file system need."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from cdk import dashboard
from cdk.alarms import Alarms
from cdk.backup_file_system import BackupFileSystem
from cdk.backup_parameters import BACKUP_PARAMETERS
from cdk.backup_settings import BackupSettings
from cdk.backup_worker import BackupWorker
from cdk.form import Form
from cdk.network import subnets_are_in_the_vpc
from cdk.orchestrator import Orchestrator
from cdk.orchestrator_role import Surroundings, orchestrator_permissions
from cdk.outputs import Outputs
from cdk.permissions import acknowledge, permit
from cdk.programs import Programs
from cdk.records import log_bucket, record_table
from cdk.reports import Reports
from cdk.security_groups import SecurityGroups
from cdk.triggers import Triggers


class BackupStack(cdk.Stack):
    """From the schedule to the report."""

    def __init__(self, scope: Construct, name: str, programs: Programs, **options: Any) -> None:
        super().__init__(scope, name, description="Backups of an Amazon EFS file system as snapshot trees", **options)
        form = Form(self, BACKUP_PARAMETERS)
        subnets_are_in_the_vpc(self)
        self.uuid = cdk.Fn.select(2, cdk.Fn.split("/", self.stack_id))

        table, logs = record_table(self), log_bucket(self)
        reports = Reports(self, form.text("Email"))
        access = SecurityGroups(self, form)
        worker = BackupWorker(self)
        backup = BackupFileSystem(self, form, worker.role, access.backup)
        settings = BackupSettings(form, table.table_name, logs.bucket_name, backup.id)
        group = worker.start_with(settings, access, table.table_arn, programs.bundle(self))

        stop_rule = f"stop-efs-backup-{self.uuid}"
        environment = settings.of_orchestrator(uuid=self.uuid, topic=reports.topic.topic_arn, stop_rule=stop_rule)
        orchestrator = Orchestrator(self, programs.lambda_code(self), environment)
        around = Surroundings(settings, group.name, stop_rule, table.table_arn, reports)
        policy = permit(orchestrator, orchestrator.role, orchestrator_permissions(orchestrator, around))
        orchestrator.wait_for(policy)

        triggers = Triggers(self, orchestrator.function, form.text("BackupSchedule"), group.name)
        triggers.node.add_dependency(policy)
        Alarms(self, reports.topic, form, orchestrator.failed_events)
        board = dashboard.Dashboard(self, form.text("Dashboard"), dashboard.of_backups(settings, orchestrator.function))

        acknowledge(
            self, "CloudFormation-Validate::W1001", "The output names the new file system only where it is made."
        )
        outputs = Outputs(self)
        outputs.add("UUID", self.uuid, "The id of this deployment")
        outputs.add("SNSTopic", reports.topic.topic_name, "The topic of the reports")
        outputs.add("SourceEFS", form.text("SrcEFS"), "The file system that is backed up")
        outputs.add("BackupEFS", backup.id, "The file system that holds the snapshots")
        outputs.add("DashboardView", board.name, "The CloudWatch dashboard", board.condition)
        outputs.add("LogBucket", logs.bucket_name, "The bucket of the logs")
        outputs.add("AmiId", group.ami, "The AMI of the backup instance")
        outputs.add("SecurityGroup", access.worker, "Let the source's mount targets accept NFS from this group")
        outputs.add(
            "Orchestrator", orchestrator.function.function_name, "The Lambda function, to start a backup by hand"
        )
        outputs.add("RecordTable", table.table_name, "The table with a record of each backup")
