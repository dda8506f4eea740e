"""`fetch-seals.sh`: of each stored seal the oldest version, whatever lies upon it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / "deployment" / "fetch-seals.sh"
_AWS = """#!{python}
# aws s3api list-object-versions | get-object ..., of a bucket that one JSON file describes
import sys
from pathlib import Path
given = dict(zip(sys.argv[3::2], sys.argv[4::2]))
place = Path({place!r})
with open(place / "asked", "a") as asked:
    print(*sys.argv[2:], file=asked)
if sys.argv[2] == "list-object-versions":
    sys.stdout.write((place / "listed.json").read_text())
else:
    Path(sys.argv[-1]).write_text(given["--version-id"])
"""


@pytest.fixture
def aws(tmp_path: Path) -> Path:
    """A stand-in for the AWS CLI; gives the directory where it reads what it lists."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "aws").write_text(_AWS.format(python=sys.executable, place=str(programs)))
    (programs / "aws").chmod(0o755)
    return programs


def _version(key: str, version: str, second: int) -> dict[str, str]:
    return {"Key": key, "VersionId": version, "LastModified": f"2026-11-22T02:00:{second:02}.000Z"}


def _fetch(aws: Path, target: Path, listed: object, *more: str) -> "subprocess.CompletedProcess[str]":
    (aws / "listed.json").write_text(json.dumps(listed))
    path = f"{aws}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", _SCRIPT, "seals-bucket", target, *more], env={**os.environ, "PATH": path}, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip


def _key(day: int) -> str:
    return f"seals/efs-backup/daily/202611{day}T020000Z.json"


def test_the_oldest_version_of_each_seal_is_fetched(aws: Path, tmp_path: Path) -> None:
    """Amazon S3 lists the newest first, and times by whole seconds; what was written upon one is said."""
    versions = [_version(_key(22), "third", 9), _version(_key(22), "second", 1), _version(_key(22), "first", 1)]
    done = _fetch(aws, tmp_path / "seals", {"Versions": [*versions, _version(_key(23), "only", 30)]})
    assert done.returncode == 0, done.stderr
    found = {path.name: path.read_text() for path in (tmp_path / "seals").iterdir()}
    assert found == {"20261122T020000Z.seal.json": "first", "20261123T020000Z.seal.json": "only"}
    assert "20261122T020000Z.json was written 3 times" in done.stderr
    assert "20261123" not in done.stderr


def test_a_seal_that_was_deleted_is_fetched_all_the_same(aws: Path, tmp_path: Path) -> None:
    """A delete marker lies upon it."""
    listed = {"Versions": [_version(_key(22), "first", 1)], "DeleteMarkers": [_version(_key(22), "marker", 2)]}
    done = _fetch(aws, tmp_path / "seals", listed)
    assert (tmp_path / "seals" / "20261122T020000Z.seal.json").read_text() == "first"
    assert "was deleted" in done.stderr


@pytest.mark.parametrize(
    "key",
    [
        "seals/efs-backup/daily/../../../../etc/cron.d/a.json",
        f"seals/efs-backup/daily/a\n{_key(22)}",
        "seals/efs-backup/daily/20261122T020000Z.json/more",
        "seals/efs-backup/daily/$(touch evil).json",
    ],
)
def test_what_is_no_seal_is_left_out(aws: Path, tmp_path: Path, key: str) -> None:
    """Keys are text of whoever may write there: none leads out of the directory, or stands for another."""
    listed = {"Versions": [_version(key, "evil", 0), _version(_key(22), "first", 1)]}
    done = _fetch(aws, tmp_path / "seals", listed)
    assert done.returncode == 0, done.stderr
    assert [path.read_text() for path in (tmp_path / "seals").iterdir()] == ["first"]
    assert "is left out" in done.stderr
    assert "\n" not in done.stderr.strip()


def test_another_series_is_asked_for_by_label_and_interval(aws: Path, tmp_path: Path) -> None:
    """And where nothing is there, that is no success."""
    done = _fetch(aws, tmp_path / "seals", {}, "home", "weekly")
    assert done.returncode == 5
    assert "s3://seals-bucket/seals/home/weekly/" in done.stderr
    assert "--prefix seals/home/weekly/" in (aws / "asked").read_text()
