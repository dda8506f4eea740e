"""The output of `--json` has one published schema; the fixture `cli` holds every output of every test against it."""

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from efs_backup.cli.app import app
from efs_backup.cli.lazy import LazyGroup
from efs_backup.cli.output import SCHEMA
from tests.support.cli import Cli
from tests.support.schemas import SCHEMAS, SHARED, complaint, published, schema_of

_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_DATA = re.compile(r"\d{8}T\d{6}Z|before|after|failed")
"""Keys that are no words of ours: snapshots, and phases of hooks."""


def _commands_with_json(group: LazyGroup = app, before: str = "") -> set[str]:
    found: set[str] = set()
    context = click.Context(group)
    for name in group.entries:
        command = group.get_command(context, name)
        if isinstance(command, LazyGroup):
            found |= _commands_with_json(command, f"{before}{name}-")
        elif command and _has_json(command):
            found.add(before + name)
    return found


def _has_json(command: click.Command) -> bool:
    """Whether it, or a command of its own, prints JSON."""
    own = command.commands.values() if isinstance(command, click.Group) else ()
    return any("--json" in one.opts for one in command.params) or any(map(_has_json, own))


def test_each_command_with_json_has_a_schema_and_no_schema_is_of_none() -> None:
    """A new command needs `docs/reference/schema/COMMAND.json`; docs/reference/json.md says how it is made."""
    assert published() == _commands_with_json()


@pytest.mark.parametrize("name", sorted(file.stem for file in SCHEMAS.glob("*.json")))
def test_a_schema_is_one_and_allows_nothing_that_it_does_not_name(name: str) -> None:
    """Else it would allow anything; what it names is in snake_case."""
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    for one in _objects(schema):
        assert all(_SNAKE.fullmatch(key) for key in one["properties"]), one
        closed = one.get("additionalProperties") is False or one.get("unevaluatedProperties") is False
        assert closed or name == SHARED, one
        assert set(one["properties"]) >= set(one.get("required", ()))


def _objects(schema: Any) -> list[dict[str, Any]]:
    inside = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = [schema] if isinstance(schema, dict) and isinstance(schema.get("properties"), dict) else []
    return own + [one for value in inside for one in _objects(value)]


def test_what_is_no_answer_is_found() -> None:
    """The check itself: an unknown member, a missing one, a time without offset, the number of another schema."""
    row = {"snapshot": "20261122T020000Z", "note": "a", "notes": []}
    assert complaint("note", {"schema": SCHEMA, **row}) is None
    for wrong in (
        row, {"schema": SCHEMA + 1, **row}, {"schema": SCHEMA, **row, "more": 1}, {"schema": SCHEMA, "note": "a"},
        {"schema": SCHEMA, **row, "snapshot": "2026-11-22T02:00:00"}, [row],
    ):  # fmt: skip
        assert complaint("note", wrong), wrong


def test_every_command_prints_an_object_that_its_schema_allows(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Both what was done and what could not be; each key is in snake_case, each time has its offset."""
    for arguments in (("init", source), ("run", source), ("run", source, "--dry-run"), ("run", source)):
        cli(arguments[0], arguments[1], backup, *arguments[2:], "--json")
    cli("manifest", backup, "--make", "--json", code=None)
    done = [
        cli(*arguments, "--json", code=None)
        for arguments in (
            ("list", backup), ("history", backup), ("diff", backup, 1, 0), ("verify", backup), ("audit", backup),
            ("scrub", backup, "--scrub-days", 1), ("repair", backup), ("versions", backup, "directory 0/file 0"),
            ("vanished", backup), ("growth", backup), ("stats", backup), ("estimate", source, backup),
            ("doctor", source, backup),
            ("note", backup, 0, "a note"), ("pin", backup, 0, "--reason", "why", "--until", "2999-01-01"),
            ("unpin", backup, 0, "--reason", "why"), ("hold", backup, "--reason", "why"),
            ("release", backup, "--reason", "why"), ("prune", backup, "--retain", 2),
            ("restore", backup, tmp_path / "out"), ("drill", backup, "--scratch", tmp_path / "scratch"),
        )
    ]  # fmt: skip
    for ended in done:
        assert ended.json["schema"] == SCHEMA
        assert ended.code == 0, ended
        assert all(_SNAKE.fullmatch(key) or _DATA.fullmatch(key) for key in _keys(ended.json)), ended


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for one in value.values() for key in _keys(one))]
    return [key for one in value for key in _keys(one)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    "arguments",
    [("list", "--label", "none"), ("run",), ("list", "--nothing"), ("history", "--interval", "x"), ("diff", "1", "0")],
)
def test_a_command_that_cannot_says_why_in_an_object(cli: Cli, backup: Path, arguments: tuple[str, ...]) -> None:
    """Nothing there, or called in a wrong way: the same members, and one object alone."""
    ended = cli(arguments[0], backup, *arguments[1:], "--json", code=None)
    assert ended.code in {2, 5}
    assert set(json.loads(ended.stdout)) == {"schema", "status", "failure_reason", "message", "next_step"}
    assert ended.json["message"] in ended.stderr
