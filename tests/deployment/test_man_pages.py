"""The manual pages: one for each command, and each renders without a complaint."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from efs_backup.cli.catalog import COMMANDS

_SCRIPT = Path(__file__).parents[2] / "deployment" / "man_pages.py"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with them."""
    place = tmp_path_factory.mktemp("man")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795305600"}
    subprocess.run([sys.executable, _SCRIPT, place], check=True, env=environment)
    return place


def test_each_command_has_its_page(pages: Path) -> None:
    """And the program itself has one that names them all."""
    found = {page.name for page in pages.iterdir()}
    assert found >= {"efs-backup.1", *(f"efs-backup-{name}.1" for name in COMMANDS)}
    assert {"efs-backup-config-check.1", "efs-backup-stack-outputs.1"} <= found
    first = (pages / "efs-backup.1").read_text()
    assert all(entry.help in first for entry in COMMANDS.values())
    assert "Exit codes: 0 done" in first
    assert "2026-11-22" in first


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
@pytest.mark.long
def test_each_page_renders_without_a_warning(pages: Path) -> None:
    """Groff finds nothing odd in it, and what is in the help is in what a person reads."""
    said = {page.stem: _rendered(page) for page in sorted(pages.iterdir())}
    assert all("SYNOPSIS" in text for text in said.values())
    assert "--retain" in said["efs-backup-run"]
    assert "hard links" in " ".join(said["efs-backup-run"].split())


def _rendered(page: Path) -> str:
    """A page as plain text, without what makes letters bold."""
    line: list[str | Path] = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", page]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stderr == "", page.name
    return done.stdout
