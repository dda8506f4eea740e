"""How long the Lambda's handler takes to import, beside boto3's own import; each time in a new process."""

import statistics
import subprocess
import sys

ROUNDS = 9
LIMIT_MILLISECONDS = 400
_PROGRAM = """
import time
started = time.perf_counter()
import boto3
between = time.perf_counter()
import efs_backup.orchestrator
print((between - started) * 1000, (time.perf_counter() - between) * 1000)
"""


def main() -> None:
    """Measure, print, and fail above the limit."""
    rounds = [_measure() for _ in range(ROUNDS)]
    library, handler = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"boto3 {library:.0f} ms, the handler beside it {handler:.0f} ms, medians of {ROUNDS}")
    sys.exit(handler > LIMIT_MILLISECONDS)


def _measure() -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    library, handler = done.stdout.split()
    return float(library), float(handler)


if __name__ == "__main__":
    main()
