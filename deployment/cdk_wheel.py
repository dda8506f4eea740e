"""Build the wheel of efs-backup-cdk, which brings the programs that its stacks run.

    cdk_wheel.py PROGRAMS TARGET    PROGRAMS has what build-bundle.sh writes; the wheel goes to TARGET

It is the directory `cdk` under another name, without what belongs to this repository alone.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from cdk.packaging.archives import write_lambda_zip

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = "efs_backup_cdk"
PROGRAMS = ("efs_to_efs_backup.zip", "efs-backup-agent.zip", "efs-backup-page.zip")

_OF_THE_REPOSITORY = (
    "app.py",
    "publish.py",
    "cdk.json",
    "archives.py",
    "README.md",
    "pyproject.toml",
    "__pycache__",
    "cdk.out",
)
_HOOK = '''"""The versions that belong together."""

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Pins(MetadataHookInterface):
    def update(self, metadata):
        """A stack, and the programs that it runs, are of one version."""
        metadata["dependencies"] = ["efs-backup==" + metadata["version"], *{others}]
'''


def build(programs: Path, target: Path) -> Path:
    """The path of the wheel. Raises FileNotFoundError where a program is missing, CalledProcessError."""
    with tempfile.TemporaryDirectory() as place:
        lay_out(programs, Path(place))
        target.mkdir(parents=True, exist_ok=True)
        line = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target.resolve()))
        subprocess.run(line, cwd=place, check=True, stdout=subprocess.PIPE)
    return max(target.glob(f"{PACKAGE}-*.whl"), key=lambda wheel: wheel.stat().st_mtime)


def lay_out(programs: Path, place: Path) -> None:
    """Write what the wheel is built from."""
    package = place / PACKAGE
    shutil.copytree(REPOSITORY / "cdk", package, ignore=shutil.ignore_patterns(*_OF_THE_REPOSITORY))
    (package / "programs").mkdir()
    for name in PROGRAMS:
        shutil.copy(programs / name, package / "programs")
    for name in ("cdk/pyproject.toml", "cdk/README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, place)
    shutil.copy(REPOSITORY / "source/efs_backup/__init__.py", place / "version.py")
    (place / "hatch_build.py").write_text(_HOOK.format(others=_dependencies()))


def _dependencies() -> list[str]:
    """Those of the extra `cdk`, but for what only checks."""
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return [each for each in extras["cdk"] if not each.startswith("cdk-nag")]


def main(programs: Path, target: Path) -> None:
    """Write the code of the orchestrator beside the other programs, and the wheel."""
    write_lambda_zip(programs / PROGRAMS[0])
    build(programs, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
