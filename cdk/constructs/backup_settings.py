"""The settings of a backup's programs: the fields of OrchestratorSettings and AgentSettings, in capitals."""

from dataclasses import dataclass

from aws_cdk import Aws, Fn
from constructs import Construct

from ..parameters.backup import BackupParameters
from ..permissions.worker_role import group_name
from .backup_file_system import BackupFileSystem
from .conditions import as_text, either, is_yes
from .dashboard import board_name
from .fleet import ShareQueues
from .seals import SealBucket
from .worker_group import HOLD_MINUTES


@dataclass(frozen=True)
class BackupSettings:
    """The settings of the stack that both programs know."""

    asked: BackupParameters
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
            "KEEP_SPARE": as_text(self.asked.keeping.spare),
            "MAX_OPERATIONS_PER_SECOND": as_text(self.asked.instance.operations_per_second),
            "SEAL_BUCKET": self.seals.name_if_any,
            "DRILL_ROLE": self.drill_role,
            "SCRUB_DAYS": as_text(self.asked.scrub.days),
            "SCRUB_GIGABYTES": as_text(self.asked.scrub.gigabytes),
            "QUIESCE_DOCUMENT": self.asked.quiet.document,
            "QUIESCE_TAG": self.quiesce_tag,
            "PING_URL_PARAMETER": self.asked.quiet.ping_parameter,
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
            "WINDOW_MINUTES": as_text(self.asked.when.window),
            "INSTANCE_TYPE": self.asked.instance.type,
            "SUCCESS_NOTIFICATION": as_text(self.asked.telling.successes),
            "FURTHER_SOURCES": as_text(self.asked.further.wanted),
            "DRILL_SCHEDULE": self.asked.drills.schedule,
            "RESTORE_POLICY": self.restore_policy,
            "WORKER_ROLE": self.worker_role,
            "METRICS_ENDPOINT": self.asked.telling.metrics_endpoint,
        }

    def _shared(self) -> dict[str, str]:
        return {
            "STACK_NAME": Aws.STACK_NAME,
            "TABLE_NAME": self.table,
            "LOG_BUCKET": self.log_bucket,
            "GROUP_NAME": group_name(),
            "SOURCE_FILE_SYSTEM": self.asked.source.file_system,
            "BACKUP_FILE_SYSTEM": self.backup,
            "BACKUP_PREFIX": self.asked.source.directory,
            "FOLDER_LABEL": self.asked.series.label,
            "INTERVAL": self.asked.series.interval,
            "RETENTION": as_text(self.asked.keeping.newest),
            "RETENTION_RULES": self.asked.keeping.rules,
            "LIFECYCLE_HOLD_MINUTES": str(HOLD_MINUTES),
            "CONCURRENT_BACKUPS": as_text(self.asked.further.at_a_time),
            "WORKERS": as_text(self.asked.fleet.workers),
        }


def told_by_reports(scope: Construct, asked: BackupParameters, security_group: str) -> dict[str, str]:
    """Settings for reports: when the next backup starts, by which clock, and where to look or to restore.

    security_group: of the instance, which a restore's may have too.
    """
    has_board = is_yes(scope, "ReportsLeadToDashboard", asked.reports.dashboard)
    return {
        "BACKUP_SCHEDULE": asked.when.schedule,
        "SCHEDULE_TIME_ZONE": asked.when.time_zone,
        "DASHBOARD": either(has_board, board_name(), ""),
        "CHAT_TOPIC_ARN": asked.reports.chat_topic,
        "RESTORE_TEMPLATE": asked.telling.restore_template,
        "VPC_ID": asked.network.vpc,
        "SUBNETS": Fn.join(",", list(asked.network.subnets)),
        "SECURITY_GROUP": security_group,
    }
