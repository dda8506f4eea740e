"""The wheel, as PyPI has it: the same bytes for everybody, and a command that works where nothing else is."""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from efs_backup import __version__
from tests.support.once import once

REPOSITORY = Path(__file__).parents[2]
_PARTS = ("source", "pyproject.toml", "README.md", "LICENSE")
_NEEDED = ("click", "rich", "markdown-it-py", "mdurl", "pygments")


def _build(checkout: Path) -> Path:
    """A wheel from a copy of the project, built some minutes after it was committed."""
    checkout.mkdir()
    for part in _PARTS:
        if (REPOSITORY / part).is_dir():
            shutil.copytree(REPOSITORY / part, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (checkout / part).write_bytes((REPOSITORY / part).read_bytes())
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795305600"}
    line = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(line, cwd=checkout, env=environment, check=True, capture_output=True)
    return next((checkout / "dist").glob("*.whl"))


def _fill(place: Path) -> None:
    for name in ("first", "second"):
        _build(place / name)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two builds."""
    return sorted(once(tmp_path_factory, "wheels", _fill).glob("*/dist/*.whl"))


def test_two_builds_of_the_wheel_are_equal_bit_for_bit(wheels: list[Path]) -> None:
    """Whoever has the sources can prove that a published wheel is of them."""
    first, second = wheels
    assert first.name == f"efs_backup-{__version__}-py3-none-any.whl"
    assert first.read_bytes() == second.read_bytes()


def test_the_wheel_has_what_is_no_python(wheels: list[Path]) -> None:
    """Scripts, styles and templates lie beside the modules; tests and stacks do not."""
    names = set(zipfile.ZipFile(wheels[0]).namelist())
    package = REPOSITORY / "source" / "efs_backup"
    ours = {str(path.relative_to(package.parent)) for path in package.rglob("*") if path.is_file()}
    assert {name for name in ours if "__pycache__" not in name} == {name for name in names if ".dist-info/" not in name}


def test_the_wheel_alone_makes_a_backup_and_brings_it_back(wheels: list[Path], tmp_path: Path) -> None:
    """In an environment of its own, with the packages that it asks for and nothing of this checkout."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    packages = next((tmp_path / "venv").glob("lib/python3*/site-packages"))
    for name in _NEEDED:
        _copy(Distribution.from_name(name), packages)
    line = [sys.executable, "-m", "pip", "--python", str(tmp_path / "venv" / "bin" / "python"), "install", "--no-index"]
    subprocess.run([*line, "--quiet", "--disable-pip-version-check", wheels[0]], check=True, cwd=tmp_path)
    backs_up_and_restores([str(tmp_path / "venv" / "bin" / "efs-backup")], tmp_path)


def _copy(package: Distribution, packages: Path) -> None:
    """A package that is installed here, as it would be installed there."""
    for file in package.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(package.locate_file(file)), target)


def backs_up_and_restores(command: list[str], place: Path) -> None:
    """Assert that a command does both, with no variable that leads to this checkout."""
    source, backup, back = place / "source", place / "backup", place / "back"
    (source / "home").mkdir(parents=True)
    (source / "home" / "a.txt").write_text("a text")
    backup.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(place)}

    def said(*arguments: str | Path) -> str:
        line = [*command, *arguments]
        done = subprocess.run(line, env=environment, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert said("--version") == f"efs-backup {__version__}\n"
    said("run", source, backup, "--init")
    said("restore", backup, back, "--yes")
    assert (back / "home" / "a.txt").read_text() == "a text"
