"""How names that may be anything are told: escaped to people, whole to programs."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import write
from tests.support.cli import Cli, Ended

ODD = "a\nb\x1b[2J\u202e\udcff"


def _strict(value: Any) -> Any:
    """The value, if every text in it is valid Unicode."""
    for one in value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else []:
        _strict(one)
    if isinstance(value, str):
        value.encode()
    return value


def _name_of(fields: dict[str, str], key: str = "path") -> str:
    return os.fsdecode(base64.b64decode(fields[f"{key}_bytes"]))


def _is_harmless(ended: Ended) -> bool:
    """Whether a terminal would take nothing of it for a command."""
    return all(letter.isprintable() or letter == "\n" for letter in ended.stdout + ended.stderr)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A source with an odd name in it, a backup of an odd name with two snapshots, and a target of one."""
    source, backup, target = (tmp_path / f"{name} {ODD}" for name in ("source", "backup", "target"))
    write(source / ODD)
    write(source / "plain")
    backup.mkdir()
    return source, backup, target


def test_programs_get_every_byte_of_every_path_as_valid_json(cli: Cli, places: tuple[Path, Path, Path]) -> None:
    """Of each command; what is valid Unicode is a plain string."""
    source, backup, target = places
    first = _strict(cli("run", source, backup, "--json").json)
    assert _name_of(first) == f"{backup}/efs-backup/daily/{first['snapshot']}"
    write(source / f"{ODD} new")
    write(source / ODD, "changed", 1)
    _strict(cli("run", source, backup, "--dry-run", "--json").json)
    cli("run", source, backup)
    listed = _strict(cli("list", backup, "--json").json["snapshots"])
    assert _name_of(listed[1]) == _name_of(first)
    differences = _strict(cli("diff", backup, 1, 0, "--json").json)
    assert [_name_of(one) for one in differences["added"]] == [f"{ODD} new"]
    assert [_name_of(one) for one in differences["changed"] if "path_bytes" in one] == [ODD]
    plan = _strict(cli("restore", backup, target, "--dry-run", "--json").json)
    assert _name_of(plan, "target") == str(target)
    assert [one if isinstance(one, str) else _name_of(one) for one in plan["first"]["created"]][:2] == [
        ODD,
        f"{ODD} new",
    ]
    cli("restore", backup, target)
    write(target / f"extra {ODD}")
    mirrored = _strict(cli("restore", backup, target, "--mode", "mirror", "--json").json)
    assert _name_of(mirrored, "quarantine").endswith(mirrored["quarantine"].rpartition(".")[2])
    assert [_name_of(one) for one in mirrored["first"]["deleted"]] == [f"extra {ODD}"]
    assert len(_strict(cli("history", backup, "--json").json["backups"])) == 2
    _strict(cli("run", source / ODD, backup, "--json", code=1).json)
    _strict(cli("list", source / ODD, "--json", code=None).json)


@pytest.mark.long
def test_people_see_every_name_escaped(cli: Cli, places: tuple[Path, Path, Path]) -> None:
    """In lines, tables, plans and errors."""
    source, backup, target = places
    ended = [cli("run", source, backup), cli("run", source, backup, "--label", "other", "--dry-run")]
    write(source / f"{ODD} new")
    ended += [cli("run", source, backup, "--dry-run"), cli("run", source, backup)]
    ended += [
        cli(*arguments)
        for arguments in (
            ("list", backup), ("history", backup), ("diff", backup, 1, 0), ("restore", backup, target, "--dry-run"),
            ("restore", backup, target), ("prune", backup, "--retain", 1, "--confirm"),
        )
    ]  # fmt: skip
    ended += [cli("run", source / ODD, backup, code=1), cli("list", source, "--label", "x", code=5)]
    ended += [cli("restore", backup, target, "--path", f"{ODD}/x", code=None), cli(ODD, code=2)]
    assert [one for one in ended if not _is_harmless(one)] == []
    assert any(r"a\nb\x1b[2J\u202e\xff new" in one.stdout for one in ended)
