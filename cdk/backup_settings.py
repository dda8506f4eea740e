"""The settings of a backup's programs: the fields of OrchestratorSettings and AgentSettings, in capitals."""

from dataclasses import dataclass

from aws_cdk import Aws, Fn
from constructs import Construct

from cdk.backup_file_system import BackupFileSystem
from cdk.conditions import either, is_yes
from cdk.dashboard import board_name
from cdk.fleet import WORKERS, ShareQueues
from cdk.form import Form
from cdk.seals import SealBucket
from cdk.worker_group import HOLD_MINUTES
from cdk.worker_role import group_name


@dataclass(frozen=True)
class BackupSettings:
    """The settings of the stack that both programs know."""

    form: Form
    table: str
    log_bucket: str
    file_system: BackupFileSystem
    seals: SealBucket
    drill_role: str
    quiesce_tag: str
    restore_policy: str
    worker_role: str
    shares: ShareQueues

    @property
    def backup(self) -> str:
        """The id of the file system that holds the snapshots."""
        return self.file_system.id

    def of_agent(self) -> dict[str, str]:
        """The environment file of the instance."""
        return {
            **self._shared(),
            "KEEP_SPARE": self.form.text("KeepSpare"),
            "MAX_OPERATIONS_PER_SECOND": self.form.text("MaxOperationsPerSecond"),
            "SEAL_BUCKET": self.seals.name_if_any,
            "DRILL_ROLE": self.drill_role,
            "SCRUB_DAYS": self.form.text("ScrubDays"),
            "SCRUB_GIGABYTES": self.form.text("ScrubGigabytes"),
            "QUIESCE_DOCUMENT": self.form.text("QuiesceDocument"),
            "QUIESCE_TAG": self.quiesce_tag,
            "PING_URL_PARAMETER": self.form.text("PingUrlParameter"),
            "SHARE_QUEUE_URL": self.shares.url_if_any,
            "DEAD_SHARE_QUEUE_URL": self.shares.dead_url_if_any,
            "BACKUP_ACCESS_POINT": self.file_system.access_point,
            "AWS_DEFAULT_REGION": Aws.REGION,
        }

    def of_orchestrator(self, *, uuid: str, topic: str, stop_rule: str) -> dict[str, str]:
        """The environment of the Lambda function; Lambda itself adds its name and region."""
        return {
            **self._shared(),
            "SOLUTION_UUID": uuid,
            "TOPIC_ARN": topic,
            "STOP_RULE_NAME": stop_rule,
            "WINDOW_MINUTES": self.form.text("BackupWindow"),
            "INSTANCE_TYPE": self.form.text("InstanceType"),
            "SUCCESS_NOTIFICATION": self.form.text("SuccessNotification"),
            "FURTHER_SOURCES": self.form.text("FurtherSources"),
            "DRILL_SCHEDULE": self.form.text("DrillSchedule"),
            "RESTORE_POLICY": self.restore_policy,
            "WORKER_ROLE": self.worker_role,
            "METRICS_ENDPOINT": self.form.text("MetricsEndpoint"),
        }

    def _shared(self) -> dict[str, str]:
        return {
            "STACK_NAME": Aws.STACK_NAME,
            "TABLE_NAME": self.table,
            "LOG_BUCKET": self.log_bucket,
            "GROUP_NAME": group_name(),
            "SOURCE_FILE_SYSTEM": self.form.text("SrcEFS"),
            "BACKUP_FILE_SYSTEM": self.backup,
            "BACKUP_PREFIX": self.form.text("BackupPrefix"),
            "FOLDER_LABEL": self.form.text("FolderLabel"),
            "INTERVAL": self.form.text("IntervalTag"),
            "RETENTION": self.form.text("Retain"),
            "RETENTION_RULES": self.form.text("RetentionRules"),
            "LIFECYCLE_HOLD_MINUTES": str(HOLD_MINUTES),
            "CONCURRENT_BACKUPS": self.form.text("ConcurrentBackups"),
            "WORKERS": self.form.text(WORKERS),
        }


def told_by_reports(scope: Construct, form: Form, security_group: str) -> dict[str, str]:
    """Settings for reports: when the next backup starts, by which clock, and where to look or to restore.

    security_group: of the instance, which a restore's may have too.
    """
    has_board = is_yes(scope, "ReportsLeadToDashboard", form.text("Dashboard"))
    return {
        "BACKUP_SCHEDULE": form.text("BackupSchedule"),
        "SCHEDULE_TIME_ZONE": form.text("ScheduleTimeZone"),
        "DASHBOARD": either(has_board, board_name(), ""),
        "CHAT_TOPIC_ARN": form.text("ChatTopicArn"),
        "RESTORE_TEMPLATE": form.text("RestoreTemplateUrl"),
        "VPC_ID": form.text("VpcId"),
        "SUBNETS": Fn.join(",", form.texts("Subnets")),
        "SECURITY_GROUP": security_group,
    }
