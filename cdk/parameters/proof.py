"""The form of the proof that snapshots are what was backed up: seals, scrub and drills."""

from efs_backup.domain.snapshots.scrubbing import DEFAULT_SCRUB_DAYS

from .field import Section, form, number, text
from .rules import NO_SCHEDULE, SCHEDULE
from .schedules import refuse_no_schedule

_MOST_DAYS = 3650
_FIFTEEN_DAYS, _MOST_HOURS = 360, 2000


@form
class Seals(Section):
    """Where seals are kept that nobody overwrites."""

    lock_days: int | str = text(
        "SealBucketLockDays",
        "Lock seals for days",
        "Keep the seals of all snapshots in a bucket of their own too, which the instance writes to and cannot"
        f" overwrite, each locked for so many days: up to {_MOST_DAYS}. Empty or 0: no bucket.",
        default="",
        pattern=r"(0|[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)?",
        wrong=f"must be empty, or 0 to {_MOST_DAYS}",
    )
    lock_mode: str = text(
        "SealBucketLockMode",
        "Mode of the lock",
        "GOVERNANCE: who holds s3:BypassGovernanceRetention can delete a seal. COMPLIANCE: nobody can before its days"
        " are over, not AWS either, and the bucket is paid for so long.",
        default="GOVERNANCE",
        choices=("GOVERNANCE", "COMPLIANCE"),
    )


@form
class Scrub(Section):
    """How much of what is stored is read again after a backup."""

    days: int = number(
        "ScrubDays",
        "Scrub in days",
        "After each backup a part of all stored files is read and compared with what was stored, so that each is read"
        " once in so many days. 0: nothing is read.",
        default=DEFAULT_SCRUB_DAYS,
        lowest=0,
        highest=_MOST_DAYS,
    )
    gigabytes: int = number(
        "ScrubGigabytes",
        "Most gigabytes of a scrub",
        "No more than so much is read after one backup; the rest is read the next time. 0: no limit.",
        default=0,
        lowest=0,
        highest=1_000_000,
    )


@form
class Drills(Section):
    """Rehearsals of restores."""

    schedule: str = text(
        "DrillSchedule",
        "Schedule of drills",
        "When a restore is rehearsed, as cron(...) or rate(...), at a time when no backup runs: files drawn at random"
        " come back to the instance's disk, are compared with what was sealed, and removed. Empty: never.",
        default="",
        pattern=f"({SCHEDULE})?",
        wrong=f"must be empty, {NO_SCHEDULE}",
    )
    maximum_age: int = number(
        "MaximumDrillAge",
        "Alarm after hours without a drill",
        "With a schedule there is an alarm when no drill has said anything for so long.",
        default=_FIFTEEN_DAYS,
        lowest=1,
        highest=_MOST_HOURS,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_no_schedule("Drills.schedule (DrillSchedule)", self.schedule)
