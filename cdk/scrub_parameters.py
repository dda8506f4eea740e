"""How much of what is stored is read again after a backup."""

from cdk.form import Field
from efs_backup.domain.snapshots.scrubbing import DEFAULT_SCRUB_DAYS

_MOST_DAYS = 3650
_MOST_GIGABYTES = 1_000_000

SCRUB_PARAMETERS = {
    "ScrubDays": Field(
        "Scrub in days",
        "After each backup a part of all stored files is read and compared with what was stored, so that each is read"
        " once in so many days. 0: nothing is read.",
        default=DEFAULT_SCRUB_DAYS,
        type="Number",
        lowest=0,
        highest=_MOST_DAYS,
        wrong=f"must be 0 to {_MOST_DAYS}",
    ),
    "ScrubGigabytes": Field(
        "Most gigabytes of a scrub",
        "No more than so much is read after one backup; the rest is read the next time. 0: no limit.",
        default=0,
        type="Number",
        lowest=0,
        highest=_MOST_GIGABYTES,
        wrong=f"must be 0 to {_MOST_GIGABYTES}",
    ),
}
