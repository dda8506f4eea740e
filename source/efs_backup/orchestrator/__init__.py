"""Orchestrator: the Lambda function that takes every trigger (`efs_backup.orchestrator.handler.handler`)."""
