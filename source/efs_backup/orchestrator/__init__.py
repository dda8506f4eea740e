"""Door 1: the Lambda function that takes every trigger. Its handler is `efs_backup.orchestrator.handler`."""

from efs_backup.orchestrator.door import handler

__all__ = ["handler"]
