"""A series on the command line, with as many snapshots as a test wants."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.cli import Cli

NOW = datetime.now(UTC).replace(microsecond=0)


def name_of(days: int) -> str:
    """A snapshot of so many days ago."""
    return f"{NOW - timedelta(days=days):%Y%m%dT%H%M%SZ}"


def begin(cli: Cli, source: Path, backup: Path, days: int, *rules: object) -> Path:
    """A series with these rules and a snapshot of each of so many days, the newest from yesterday."""
    cli("init", source, backup, *rules)
    series = backup / "efs-backup" / "daily"
    for day in range(1, days + 1):
        (series / name_of(day)).mkdir()
    return series


def there(series: Path) -> list[str]:
    """The snapshots, the newest first."""
    return sorted((path.name for path in series.glob("2*")), reverse=True)
