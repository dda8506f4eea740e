"""Clients of AWS services."""

from efs_backup import __version__
from efs_backup.lib.clients import client


def test_each_call_names_the_version_that_calls(aws: None) -> None:
    """A reader of CloudTrail knows what was deployed when."""
    assert client("sts").meta.config.user_agent_extra == f"efs-backup/{__version__}"
