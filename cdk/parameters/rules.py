"""Patterns that several fields share."""

FILE_SYSTEM = r"fs-[0-9a-f]{8,40}"
SAFE_PATH = r"/[A-Za-z0-9._@+=/-]*"
"""Nothing that a shell or an environment file could read as something else."""

KEY = r"(arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?"
PARAMETER = r"(/[A-Za-z0-9_.-]+)*"
"""The name of a parameter of Systems Manager, or nothing."""
