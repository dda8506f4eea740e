"""Environments of the Lambda and of the instances, with everything they must hold."""

from dataclasses import fields

from efs_backup.domain.operations.agent_settings import RestoreSettings
from efs_backup.domain.operations.settings import OrchestratorSettings

ENVIRONMENT = {
    "STACK_NAME": "nightly",
    "SOLUTION_UUID": "6b1f4a3e-0000-4000-8000-000000000001",
    "TABLE_NAME": "nightly-records",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:nightly-reports",
    "LOG_BUCKET": "nightly-logs",
    "GROUP_NAME": "nightly-group",
    "STOP_RULE_NAME": "nightly-stop",
    "SOURCE_FILE_SYSTEM": "fs-0123456789abcdef0",
    "BACKUP_FILE_SYSTEM": "fs-0fedcba9876543210",
    "BACKUP_PREFIX": "/home",
    "FOLDER_LABEL": "efs-backup",
    "INTERVAL": "daily",
    "RETENTION": "7",
    "RETENTION_RULES": "",
    "WINDOW_MINUTES": "180",
    "LIFECYCLE_HOLD_MINUTES": "60",
    "INSTANCE_TYPE": "c7g.xlarge",
    "SUCCESS_NOTIFICATION": "Yes",
    "METRICS_ENDPOINT": "",
    "DRILL_SCHEDULE": "",
    "BACKUP_SCHEDULE": "cron(0 2 * * ? *)",
    "SCHEDULE_TIME_ZONE": "",
    "DASHBOARD": "",
    "CHAT_TOPIC_ARN": "",
    "RESTORE_TEMPLATE": "",
    "VPC_ID": "vpc-0123456789abcdef0",
    "SUBNETS": "subnet-0aaaaaaaaaaaaaaaa,subnet-0bbbbbbbbbbbbbbbb",
    "SECURITY_GROUP": "sg-0123456789abcdef0",
    "RESTORE_POLICY": "",
    "WORKER_ROLE": "nightly-worker",
    "FURTHER_SOURCES": "No",
    "CONCURRENT_BACKUPS": "1",
    "WORKERS": "1",
    "AWS_LAMBDA_FUNCTION_NAME": "nightly-orchestrator",
    "AWS_REGION": "us-east-1",
}
"""All that the orchestrator's environment holds."""


def settings_of(**changes: str) -> OrchestratorSettings:
    """The settings of that environment with some variables changed."""
    return OrchestratorSettings.from_env({**ENVIRONMENT, **changes})


RESTORE = {field.name.upper(): field.name for field in fields(RestoreSettings)} | {
    "INTERVAL": "weekly", "BACKUP_NUMBER": "2", "RESTORE_AS_OF": "", "RESTORE_MODE": "mirror", "DRY_RUN": "No",
    "MAX_OPERATIONS_PER_SECOND": "900",
}  # fmt: skip
