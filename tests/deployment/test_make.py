"""The commands of the Makefile."""

import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_each_target_is_told_and_each_that_is_told_is_there() -> None:
    """`make help` is all that somebody reads of it."""
    told = subprocess.run(["make", "-C", REPOSITORY, "help"], capture_output=True, text=True, check=True).stdout
    named = re.findall(r"^make (\w+) ", told, re.MULTILINE)
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(set(targets) - {"help"})
    for target in named:
        lines = subprocess.run(["make", "-C", REPOSITORY, "-n", target], capture_output=True, text=True, check=True)
        script = re.search(r"[\w./-]+\.(?:sh|py)|\.ci/run|tests/\w+", lines.stdout)
        assert script, lines.stdout
        assert (REPOSITORY / script[0]).exists(), script[0]
