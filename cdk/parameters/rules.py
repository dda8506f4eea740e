"""Patterns that several fields share."""

FILE_SYSTEM = r"fs-[0-9a-f]{8,40}"
SAFE_PATH = r"(/(\.?[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]*|\.\.[A-Za-z0-9._@+=-]+)?)+"
"""Nothing that a shell or an environment file could read as something else, and no directory called `..`."""

SCHEDULE = (
    r"(cron\(\S+ \S+ (\? \S+ [^\s?]+|[^\s?]+ \S+ \?) \S+\)"
    r"|rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\))"
)
NO_SCHEDULE = "rate(12 hours), or cron(...) with six fields such as cron(0 2 * * ? *)"
"""The end of a sentence about another expression. The fields themselves are read by `efs_backup.domain.schedule`."""

KEY = r"(arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?"
PARAMETER = r"(/[A-Za-z0-9_.-]+)*"
"""The name of a parameter of Systems Manager, or nothing."""
