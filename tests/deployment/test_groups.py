"""How the tests are shared among processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = """
import os
import pytest

@pytest.mark.parametrize("number", range(6))
@pytest.mark.xdist_group("one")
def test_of_one_group(number):
    with open("processes", "a") as file:
        file.write(f"{os.getpid()}\\n")
"""


@pytest.mark.long
def test_what_shares_something_slow_runs_in_one_process(tmp_path: Path) -> None:
    """Else each process starts a browser, a build and a synthesis of its own, and nothing says so."""
    (tmp_path / "test_group.py").write_text(_TESTS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    own = f"--basetemp={tmp_path / 'own'}"  # else what former runs have left is deleted first
    line = (sys.executable, "-m", "pytest", "--numprocesses=2", "--dist=loadgroup", "-p", "no:cacheprovider", own)
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    processes = (tmp_path / "processes").read_text().split()
    assert (len(processes), len(set(processes))) == (6, 1)
