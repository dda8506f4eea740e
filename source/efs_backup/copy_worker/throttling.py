"""How an ordered number of operations a second is shared by what works at the same time. Lean, for the copy tool."""

NAMES_IN_A_REQUEST = 64
"""Of a listing, about; what has more takes several."""

_OPERATIONS_OF_A_JOB = 500


def most_jobs(rate: float) -> int:
    """How many jobs at a time reach the rate: each has a fixed share of it, which nobody uses while it has no part."""
    return max(1, int(rate / _OPERATIONS_OF_A_JOB))
