"""The files that people without CDK get, built once for all tests: with the real wheels, which pip fetches."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.once import once

LOCKED = ("pyproject.toml", "uv.lock")
_REPOSITORY = Path(__file__).parents[2]
_NEEDED = (*LOCKED, "README.md", "LICENSE")


def published(factory: pytest.TempPathFactory) -> Path:
    """A directory with `deployment/dist`, and with what the build said in `said`."""
    return once(factory, "build", _build)


def _build(place: Path) -> None:
    """In a copy, so that nobody's own build is overwritten."""
    for part in ("cdk", "source", "deployment"):
        shutil.copytree(
            _REPOSITORY / part, place / part, ignore=shutil.ignore_patterns("dist", "cdk.out", "__pycache__")
        )
    for name in _NEEDED:
        shutil.copy(_REPOSITORY / name, place)
    _make_environment(place)
    (place / "packages").mkdir()
    (place / "packages" / "amazon-efs-utils.deb").write_text("a package")
    done = subprocess.run(
        ["bash", "deployment/build-s3-dist.sh", "my-code", "my-templates", "v1.2.3", "packages"],
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (place / "said").write_text(done.stdout)


def _make_environment(place: Path) -> None:
    """Our own Python, in which all is installed already."""
    programs = place / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, command in (("python", ""), ("pip", "-m pip ")):
        (programs / name).write_text(f'#!/bin/bash\nexec {sys.executable} {command}"$@"\n')
        (programs / name).chmod(0o755)
    version = hashlib.sha256(b"".join((place / name).read_bytes() for name in LOCKED)).hexdigest()
    (place / ".venv" / ".installed").write_text(f"test {version}\n")
