"""The run for an account, tried against the local cloud: by the same script, which is given an endpoint."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from deployment.local_cloud.assembly import REPOSITORY
from deployment.local_cloud.aws.gate import Refusal
from deployment.local_cloud.cloud import LocalCloud
from deployment.local_cloud.stacks import network
from tests.aws.questions import QUESTIONS
from tests.support.published import published

pytestmark = [
    pytest.mark.root,
    pytest.mark.filterwarnings("ignore:Tried to parse"),  # moto leaves out what it does not know
]

_SMALL = ("--files", "120", "--more", "900", "--operations", "250")


@pytest.fixture
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that build-s3-dist.sh wrote."""
    return published(tmp_path_factory) / "deployment" / "dist"


def run(cloud: LocalCloud, dist: Path, log: Path, *more: str) -> "subprocess.Popen[bytes]":
    """The script, at work in this cloud as it would be in an account."""
    net = network(cloud)
    login = {"AWS_ACCESS_KEY_ID": "operator", "AWS_SECRET_ACCESS_KEY": "operator", "AWS_REGION": "us-east-1"}
    command: tuple[str | Path, ...] = (
        "bash", REPOSITORY / "tests/aws/run.sh", "--yes-this-costs-money", "--endpoint-url", cloud.endpoint,
        "--vpc", net.vpc, "--subnets", ",".join(net.subnets), "--email", "you@example.com", "--dist", dist,
        *_SMALL, *more,
    )  # fmt: skip
    with log.open("wb") as output:
        return subprocess.Popen(command, env={**os.environ, **login}, stdout=output, stderr=output)


def let_the_clock_reach_the_stop(cloud: LocalCloud, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """The run lets the stop rule fire in two minutes, which are over here as soon as it has said so."""
    cloud.wait("the stop is near", lambda: b" fires at " in log.read_bytes() or process.poll() is not None, 180)
    cloud.advance(0)  # the clock sees the rule as it was made
    cloud.advance(3)


def left_over(cloud: LocalCloud) -> dict[str, object]:
    """The leftovers that a run may not have: everything that costs."""
    stacks = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {
        "stacks": [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"],
        "file systems": cloud.client("efs").describe_file_systems()["FileSystems"],
        "buckets": cloud.client("s3").list_buckets()["Buckets"],
        "groups": [each["AutoScalingGroupName"] for each in groups],
        "rules": cloud.client("events").list_rules()["Rules"],
    }


NOTHING: dict[str, object] = {"stacks": [], "file systems": [], "buckets": [], "groups": [], "rules": []}


@pytest.mark.long
def test_the_run_tells_its_story_and_leaves_nothing(dist: Path, tmp_path: Path) -> None:
    """Two nights, a window that closes, a restore; no answer of an emulation is given out as AWS's."""
    with LocalCloud(tmp_path / "cloud") as cloud:
        process = run(cloud, dist, tmp_path / "said")
        let_the_clock_reach_the_stop(cloud, process, tmp_path / "said")
        code, said = process.wait(), (tmp_path / "said").read_text()
        assert code == 0, said
        assert left_over(cloud) == NOTHING, said
    for sentence in (
        "the first snapshot is the source", "the second snapshot is the source", "the first snapshot is as it was",
        "the third night is incomplete", "what is restored is the snapshot",
    ):  # fmt: skip
        assert f"Yes: {sentence}" in said
    assert said.count("not answered here: an emulation was asked") == len(QUESTIONS), said
    assert re.search(r"^\$ +\d+\.\d{4}  in all", said, re.MULTILINE), said


@pytest.mark.long
def test_a_run_that_is_killed_is_torn_down_by_its_name(dist: Path, tmp_path: Path) -> None:
    """Which is the first thing that a run says; what its stacks retain is found by them, and by its tag."""
    log = tmp_path / "said"
    with LocalCloud(tmp_path / "cloud") as cloud:
        process = run(cloud, dist, log)
        cloud.wait("the backup stack is there", lambda: b"-backup is there" in log.read_bytes(), 120)
        process.kill()
        process.wait()
        assert left_over(cloud) != NOTHING
        name = re.findall(r"--tear-down (\S+)", log.read_text())[0]
        again = run(cloud, dist, tmp_path / "again", "--tear-down", name)
        assert again.wait() == 0, (tmp_path / "again").read_text()
        assert left_over(cloud) == NOTHING, (tmp_path / "again").read_text()


@pytest.mark.long
def test_a_run_that_fails_is_torn_down_too(dist: Path, tmp_path: Path) -> None:
    """The run says why, and leaves nothing that costs."""
    with LocalCloud(tmp_path / "cloud") as cloud:
        refusal = Refusal("AccessDeniedException", "as the test wants")
        with cloud.gate.refusing("lambda", "InvokeFunction", refusal) as hit:
            process = run(cloud, dist, tmp_path / "said")
            process.wait()
        said = (tmp_path / "said").read_text()
        assert hit
        assert process.returncode == 1, said
        assert left_over(cloud) == NOTHING, said
    assert "It FAILED" in said
    assert "as the test wants" in said
