"""Backups of which everything is known, and how a mail about them looks."""

from dataclasses import replace
from datetime import timedelta

from efs_backup.domain.results import BackupStatus
from tests.domain.environments import settings_of
from tests.support.records import RUNNING, START

SETTINGS = settings_of()


FULL = replace(
    RUNNING,
    status=BackupStatus.SUCCESS,
    stop_time=START + timedelta(minutes=90, seconds=30),
    report_time=START + timedelta(minutes=95),
    message="The backup is published as 20261122T020000Z.",
    snapshot="20261122T020000Z",
    source="fs-0123456789abcdef0",
    backup="fs-0fedcba9876543210",
    backup_prefix="/home",
    source_size=2_500_000_000,
    backup_size=20_000_000_000,
    instance_type="c7g.xlarge",
    instance_id="i-0123456789abcdef0",
    ami_id="ami-0fedcba9876543210",
    number_of_files=1_234_567,
    number_of_files_transferred=89,
    total_file_size=2_400_000_000,
    total_transferred_file_size=1_500_000,
    vanished_files=3,
    source_burst_credit_balance=2_308_974_418_330.0,
    source_burst_credit_balance_after=2_208_974_418_330.0,
    logs="s3://nightly-logs/ec2-logs/0badcafe.log",
)
"""A success of which everything is known."""


HOSTILE = "name\nWhat to do:\n  run this\x1b[2J\u202e \udcff"


def is_mail(text: str) -> bool:
    """As Amazon SNS takes it: UTF-8 of at most 256 KB; and nothing for a terminal."""
    return len(text.encode()) < 256 * 1024 and all(letter.isprintable() or letter == "\n" for letter in text)
