"""How the operator wants a copy to be done."""

import pytest

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.requests import BackupRequest, RestoreRequest
from efs_backup.domain.requests.tuning import JOBS_LIMIT, Copier, Tuning


def test_nothing_has_to_be_chosen() -> None:
    """Machine and tree decide; both orders say so."""
    assert BackupRequest("/from", "/to").tuning == RestoreRequest("/from", "/to").tuning == Tuning(Copier.LINKS)


@pytest.mark.parametrize("number", [None, 1, JOBS_LIMIT])
def test_there_is_one_job_to_as_many_as_nfs_carries(number: int | None) -> None:
    """Or as many as the machine suggests; threads likewise."""
    assert Tuning(jobs=number).jobs == number
    assert Tuning(threads=number).threads == number


@pytest.mark.parametrize("number", [0, -1, JOBS_LIMIT + 1])
@pytest.mark.parametrize("name", ["jobs", "threads"])
def test_a_number_that_cannot_work_is_refused(name: str, number: int) -> None:
    """The sentence says what, the limit and the number."""
    with pytest.raises(WrongUsage, match=rf"number of {name} must be 1 to {JOBS_LIMIT}, not {number}\."):
        Tuning(**{name: number})  # type: ignore[arg-type]


def test_a_part_has_a_file_at_least() -> None:
    """An empty one would never end."""
    with pytest.raises(WrongUsage, match="at least 1 file, not 0"):
        Tuning(files_per_part=0)


@pytest.mark.parametrize("rate", [0, -5, 0.5, float("inf"), float("nan")])
def test_a_rate_must_let_something_through(rate: float) -> None:
    """At least one operation a second, and a number."""
    with pytest.raises(WrongUsage, match="At least 1 operation a second"):
        Tuning(operations_per_second=rate)


def test_what_rsync_does_alone_cannot_be_limited() -> None:
    """A promise that cannot be kept is not made."""
    with pytest.raises(WrongUsage, match="use --copier links"):
        Tuning(Copier.RSYNC, operations_per_second=100)
