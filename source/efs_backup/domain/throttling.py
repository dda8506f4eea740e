"""How an ordered number of operations a second is shared between what works at the same time. Lean, for the copy tool.

The script that paces fpart (engine/pace_fpart.sh) counts with the same numbers.
"""

CRAWL_OPERATIONS = 3
"""Of fpart for a directory: it opens it twice and lists it (counted on a simulated EFS)."""

LONGEST_PART_SECONDS = 10
"""About so long one part's links may take at the ordered rate: fpart pauses only between parts."""

NAMES_IN_A_REQUEST = 64
"""Of a listing, about; what has more takes several."""

_OPERATIONS_OF_A_JOB = 500
_COPY_OPERATIONS = 6
_LEAST, _MOST = 0.05, 0.5
_FEWEST_FILES = 100


def crawl_share(files: int, directories: int) -> float:
    """Which part of the rate fpart needs so that its listing and the copies end at about the same time."""
    crawl = CRAWL_OPERATIONS * directories + files / NAMES_IN_A_REQUEST
    copy = _COPY_OPERATIONS * directories + files
    return max(_LEAST, min(crawl / (crawl + copy), _MOST)) if crawl else _LEAST


def most_jobs(rate: float) -> int:
    """How many jobs at a time reach the rate: each has a fixed share of it, which nobody uses while it has no part."""
    return max(1, int(rate / _OPERATIONS_OF_A_JOB))


def most_files(rate: float) -> int:
    """How many files a part may have at most."""
    return max(_FEWEST_FILES, int(rate * LONGEST_PART_SECONDS))
