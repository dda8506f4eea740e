"""The published schemas of what `--json` prints."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[2] / "docs/reference/schema"
SHARED = "shared"
_MOST_ANSWERS = 9
"""Objects of which a command prints one: what it found, what it would do, why it could not."""


def command_of(*arguments: object) -> str:
    """The command by which the schema of what a command line prints is named: `list`, `stack-status`."""
    named = arguments[:2] if arguments[0] == "stack" else arguments[:1]
    return "-".join(map(str, named))


def published() -> set[str]:
    """The commands that have a schema."""
    return {file.stem for file in SCHEMAS.glob("*.json")} - {SHARED}


def complaint(command: str, value: Any) -> str | None:
    """Why a value is not what the command may print; None where it is."""
    for error in validator_of(command).iter_errors(value):
        causes = [[one for one in error.context if one.relative_schema_path[0] == at] for at in range(_MOST_ANSWERS)]
        nearest = min(filter(None, causes), key=len, default=[error])
        return f"{command} --json: " + "; ".join(f"{one.json_path}: {one.message[:300]}" for one in nearest)
    return None


@cache
def validator_of(command: str) -> Draft202012Validator:
    """The validator of one command's object."""
    return Draft202012Validator(schema_of(command), registry=_registry(), format_checker=FormatChecker())


def schema_of(name: str) -> dict[str, Any]:
    """A schema as it is published."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return schema


@cache
def _registry() -> Any:
    shared: Resource[Any] = Resource.from_contents(schema_of(SHARED))
    return Registry().with_resource(f"{SHARED}.json", shared)


def complaints_of_event(kind: str, text: str) -> list[str]:
    """The parts of an event that its schema does not know, or lacks."""
    schema = json.loads((SCHEMAS / "events" / f"{kind}.json").read_text())
    checked = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(json.loads(text))
    return [f"{one.json_path}: {one.message}" for one in checked]
