"""Zip files whose bytes depend on nothing but their content: no times, no owners, no order of a directory."""

import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[1]
_SOURCE = _REPOSITORY / "source"
_INSTALLED = ("install.sh", "efs-backup-agent.service", "efs-backup-give-up.service")
"""What the bundle has beside wheels and packages."""

_IN_LAMBDA = ("copy_worker", "domain", "lib", "orchestrator")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
"""Where a zip file keeps modes."""


def write_zip(target: Path, entries: Mapping[str, Path]) -> Path:
    """Stored, not compressed: what a compressor writes depends on its version."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.external_attr = _PLAIN_FILE
            archive.writestr(entry, entries[name].read_bytes())
    return target


def write_least_bundle(target: Path) -> Path:
    """A bundle without wheels, for instances that have what is in them."""
    return write_zip(target, {name: _REPOSITORY / "deployment" / name for name in _INSTALLED})


def files_below(root: Path) -> dict[str, Path]:
    """All files of a directory by their relative names."""
    return {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}


def write_lambda_zip(target: Path) -> Path:
    """The code of the orchestrator: only what runs there."""
    package = _SOURCE / "efs_backup"
    parts = [package / "__init__.py", *(path for part in _IN_LAMBDA for path in (package / part).rglob("*.py"))]
    return write_zip(target, {str(path.relative_to(_SOURCE)): path for path in parts})


if __name__ == "__main__":
    write_zip(Path(sys.argv[2]), files_below(Path(sys.argv[1])))
