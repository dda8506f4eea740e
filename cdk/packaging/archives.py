"""Zip files whose bytes depend on nothing but their content: no times, no owners, no order of a directory."""

import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_SOURCE = _REPOSITORY / "source"
_INSTALLED = ("install.sh", "efs-backup-agent.service", "efs-backup-give-up.service")
"""The files that the bundle has beside wheels and packages."""

_IN_LAMBDA = ("copy_worker", "domain", "lib", "orchestrator")
_OF_A_TERMINAL = frozenset({"cost", "doctor", "page", "series_report"})
"""Folders of these for commands that people type, and for pages that they look at."""
_IN_PAGE = ("browse", "copy_worker", "domain", "engine")
_COMPILED = (".so", ".c", ".pyi")
"""The files of a wheel that stay out: MarkupSafe has the same in Python, which is for any processor."""

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
    ours = {str(path.relative_to(_SOURCE)): path for path in parts if path.parent.name not in _OF_A_TERMINAL}
    return write_zip(target, ours)


def write_page_zip(target: Path, packages: Path | None = None) -> Path:
    """The code of the page: what it imports of ours, and the packages that were unpacked into a directory."""
    package = _SOURCE / "efs_backup"
    ours = [package / "__init__.py", *(path for part in _IN_PAGE for path in _sources(package / part))]
    theirs = {name: path for name, path in files_below(packages).items() if _is_needed(name)} if packages else {}
    return write_zip(target, {**theirs, **{str(path.relative_to(_SOURCE)): path for path in ours}})


def _is_needed(name: str) -> bool:
    """Whether a file of a package is needed where it runs: what the installer notes of it is not, its license is."""
    return not name.endswith(_COMPILED) and (".dist-info/" not in name or "/licenses/" in name)


def _sources(directory: Path) -> Iterable[Path]:
    """Modules and what lies beside them, such as templates, without what Python leaves there."""
    return (path for path in directory.rglob("*") if path.is_file() and path.suffix not in {".pyc", ".pyo"})


def main(kind: str, content: Path, target: Path) -> None:
    """Write the bundle, or the page's code, from a directory with what goes into it."""
    if kind == "page":
        write_page_zip(target, content)
    else:
        write_zip(target, files_below(content))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
