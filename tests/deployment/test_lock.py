"""The packages that are installed are those that were chosen: the lock, and what pip reads of it."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
_LOCKED = ("pyproject.toml", "uv.lock")


def _renewed(place: Path) -> Path:
    """A copy of the project whose lock was renewed without a network, so from nothing but itself."""
    for part in ("deployment", "source"):
        shutil.copytree(_REPOSITORY / part, place / part)
    for name in (*_LOCKED, "README.md", "LICENSE"):
        shutil.copy(_REPOSITORY / name, place)
    programs = place / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    version = hashlib.sha256(b"".join((place / name).read_bytes() for name in _LOCKED)).hexdigest()
    (place / ".venv" / ".installed").write_text(f"test {version}\n")
    environment = {**os.environ, "UV_CACHE_DIR": str(place / "cache"), "UV_PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "deployment/lock.sh", "--offline"],
        cwd=place, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr + "\nRun: bash deployment/lock.sh"
    return place


def test_the_lock_is_in_step_with_what_the_project_asks_for(tmp_path: Path) -> None:
    """Whoever changes pyproject.toml runs deployment/lock.sh."""
    renewed = _renewed(tmp_path)
    names = ("cdk", "checkers", "command", "docs", "function", "release", "runtime", "test", "uv")
    locked = [f"{name}.txt" for name in names]
    assert sorted(path.name for path in (_REPOSITORY / "deployment/locked").iterdir()) == locked
    for name in ("uv.lock", *(f"deployment/locked/{one}" for one in locked)):
        assert (renewed / name).read_text() == (_REPOSITORY / name).read_text(), f"{name}: run bash deployment/lock.sh"


def test_the_lock_names_the_public_index_alone() -> None:
    """Whoever has renewed it may have asked a mirror that others do not reach."""
    text = (_REPOSITORY / "uv.lock").read_text()
    assert set(re.findall(r"\w+://[^/\"]+", text)) == {"https://pypi.org", "https://files.pythonhosted.org"}


def test_each_file_of_the_lock_has_its_checksum() -> None:
    """And each package has a wheel: nothing is built on the way but the project."""
    packages = tomllib.loads((_REPOSITORY / "uv.lock").read_text())["package"]
    others = [package for package in packages if package["name"] != "efs-backup"]
    assert len(others) > 50
    for package in others:
        assert package["wheels"], package["name"]
        assert all(wheel["hash"].startswith("sha256:") for wheel in package["wheels"])
