"""Ask the judge which snapshots of some series restic keeps: `questions.py JUDGE COMMIT >verdicts.json`."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

POLICIES = (
    "last=1", "last=30", "hourly=5", "daily=7", "weekly=1", "weekly=12", "monthly=24", "yearly=7", "yearly=1",
    "within=14d", "within=1m", "within=1y2m", "within=36h", "within=99y", "last=3,daily=7", "daily=30,weekly=12",
    "daily=14,weekly=8,monthly=12", "daily=30,weekly=26,monthly=24,yearly=7", "last=2,within=3d,yearly=3",
    "hourly=48,daily=30,weekly=12,monthly=24,yearly=5", "last=1,hourly=1,daily=1,weekly=1,monthly=1,yearly=1,within=1d",
)  # fmt: skip
FAR = datetime(2900, 1, 1, tzinfo=UTC)


def series() -> Iterator[list[datetime]]:
    """Nights, several a day, gaps, the borders of years and weeks, one alone, and names from a wrong clock."""
    chance = random.Random(17)  # noqa: S311 - only to be irregular, and the same each time
    start = datetime(2018, 12, 20, 2, tzinfo=UTC)
    yield [start]
    yield [start + timedelta(days=day) for day in range(120)]
    yield [start + timedelta(hours=5 * step) for step in range(150)]
    yield [start + timedelta(days=day, minutes=chance.randrange(1400)) for day in chance.sample(range(2190), 160)]
    yield [start + timedelta(days=chance.choice([1, 1, 1, 9, 40, 400]) * step) for step in range(60)]
    yield [datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) for year in range(2000, 2020)]
    yield [datetime(2020, 10, 31, 2, tzinfo=UTC) - timedelta(days=day) for day in range(100)]
    yield [datetime(2024, 3, 31, 2, tzinfo=UTC) - timedelta(hours=12 * step) for step in range(150)]
    yield [*(start + timedelta(days=day) for day in range(60)), FAR, FAR + timedelta(seconds=1)]
    for _ in range(6):
        border = datetime(chance.randrange(2000, 2024), 12, 27, tzinfo=UTC)
        yield [border + timedelta(hours=chance.randrange(1200)) for _ in range(40)]


def main(judge: str, commit: str) -> None:
    """Ask, and print what was asked and answered."""
    asked = [sorted({*one}, reverse=True) for one in series()]
    lines = [
        json.dumps({"Snapshots": [time.isoformat() for time in times], "Policy": policy})
        for times in asked
        for policy in POLICIES
    ]
    done = subprocess.run([judge], input="\n".join(lines), capture_output=True, text=True, check=True)
    answers = iter(done.stdout.splitlines())
    verdicts = [
        {
            "snapshots": [f"{time:%Y%m%dT%H%M%SZ}" for time in times],
            "kept": {policy: json.loads(next(answers)) for policy in POLICIES},
        }
        for times in asked
    ]
    head = {"restic": commit, "asked": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"}
    sys.stdout.write(json.dumps(head)[:-1] + ', "series": [\n')
    sys.stdout.write(",\n".join(json.dumps(one, separators=(",", ":")) for one in verdicts) + "\n]}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
