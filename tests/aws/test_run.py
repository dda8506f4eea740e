"""The parts of the run for an account that can be tested without any: its refusals, its sums and its bill."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws import cost, probe
from tests.aws.__main__ import main
from tests.aws.account import RunFailed
from tests.aws.asking import ROLLED_BACK
from tests.aws.questions import QUESTIONS, Answers
from tests.aws.site import site_template

_UNKNOWN = Path(__file__).parents[2] / "docs" / "testing" / "unknown.md"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source as the probe makes it."""
    root = tmp_path / "source"
    root.mkdir()
    assert probe.make(str(root), "60") == 60
    return root


def test_without_the_word_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """Not even an account is looked for."""
    assert main(["--vpc", "vpc-1", "--subnets", "subnet-1", "--email", "you@example.com"]) == 2
    assert "--yes-this-costs-money" in capsys.readouterr().err


def test_without_a_network_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """The run makes no VPC."""
    assert main(["--yes-this-costs-money"]) == 2
    assert "--vpc" in capsys.readouterr().err


def test_each_question_is_told_in_the_document() -> None:
    """Under its key, in the same order; no other is told there."""
    assert re.findall(r"^### `([\w-]+)`$", _UNKNOWN.read_text(), re.MULTILINE) == list(QUESTIONS)


def test_an_answer_of_an_emulation_is_none() -> None:
    """An emulation is asked all the same, and a question that fails is told."""
    answers = Answers(is_emulated=True)
    answers.find("hard-links", lambda: "177 names")
    answers.find("times", _fails)
    said = "\n".join(answers.lines())
    assert "177" not in said
    assert "not found out: as the test wants" in said
    assert said.count("not answered here") == len(QUESTIONS) - 1


def test_an_answer_of_aws_is_given_out() -> None:
    """As it was found."""
    answers = Answers(is_emulated=False)
    answers.find("hard-links", lambda: {"names": 177})
    assert "{'names': 177}" in "\n".join(answers.lines())


def test_equal_trees_have_equal_sums(tree: Path, tmp_path: Path) -> None:
    """With times, modes, links and holes."""
    subprocess.run(("cp", "--archive", tree, tmp_path / "copy"), check=True)
    assert probe.sums(str(tree)) == probe.sums(str(tmp_path / "copy"))
    assert probe.sums(str(tree))["entries"] == 60 + 2 + 1 + 3


@pytest.mark.parametrize("what", ["content", "mode", "time", "name"])
def test_a_difference_changes_the_sum_and_is_located(tree: Path, what: str) -> None:
    """By the name at the top under which it lies."""
    before, file = probe.sums(str(tree)), tree / "directory 001" / "file 00055"
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    if what == "content":
        file.write_bytes(b"x" * file.stat().st_size)
    elif what == "mode":
        file.chmod(0o640)
    elif what == "name":
        file.rename(file.with_name("other"))
    if what != "name":
        os.utime(file, ns=(times[0], times[1] + (what == "time")))
    after = probe.sums(str(tree))
    assert after["sha256"] != before["sha256"]
    assert [name for name, part in after["parts"].items() if part != before["parts"][name]] == ["directory 001"]


def test_a_day_grows_removes_and_changes_files(tree: Path) -> None:
    """Three of sixty each."""
    assert probe.change(str(tree)) == {"grown": 3, "gone": 3, "changed": 3}


def test_the_probe_asks_any_file_system(tmp_path: Path) -> None:
    """And leaves nothing in it."""
    assert probe.hard_links(str(tmp_path)) == {"names": 400, "then": "no end was met"}
    assert probe.times(str(tmp_path))["a chmod moves the ctime"] is True
    assert set(probe.entry_types(str(tmp_path))) == {"directory", "file", "link", "fifo"}
    assert int(probe.statfs(str(tmp_path))["block size"]) > 0
    assert not list(tmp_path.iterdir())


def test_a_held_lock_is_waited_for(tmp_path: Path) -> None:
    """Until its holder is no more, or the patience is over."""
    lock, program = str(tmp_path / "lock"), (sys.executable, probe.__file__)
    holding = subprocess.run((*program, "hold", lock), capture_output=True, text=True, check=True)
    assert probe.wait_for_lock(lock, "0.5") == {"seconds": None}
    os.kill(json.loads(holding.stdout)["process"], signal.SIGKILL)
    assert probe.wait_for_lock(lock, "30")["seconds"] is not None


def test_the_probe_fits_into_user_data() -> None:
    """16 KB, before the encoding; and it runs without any package."""
    assert len(Path(probe.__file__).read_bytes()) < 16384
    alone = (sys.executable, "-I", "-S", probe.__file__, "statfs", "/")
    assert subprocess.run(alone, capture_output=True, check=False).returncode == 0


@pytest.mark.long
def test_our_own_templates_are_valid(tmp_path: Path) -> None:
    """As far as cfn-lint knows; nobody here can deploy them."""
    site = site_template("run", "vpc-12345678", ("subnet-12345678", "subnet-23456789"))
    for name, template in (("site", site), ("back", ROLLED_BACK)):
        (tmp_path / f"{name}.json").write_text(json.dumps(template))
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run((linter, *tmp_path.iterdir()), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_bill_is_the_sum_of_its_lines() -> None:
    """Each with its basis."""
    items = [cost.instance("backup", "c6i.large", 3600), cost.throughput(0, 0, 262_144)]
    lines = cost.bill(items)
    assert items[1].dollars == pytest.approx(0.06)
    assert lines[-1].startswith(f"${sum(item.dollars for item in items):7.4f}")
    assert "262,144 operations of 4 KiB" in lines[1]


def _fails() -> str:
    raise RunFailed("as the test wants")
