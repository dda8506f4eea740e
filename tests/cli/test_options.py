"""The options of all commands: none is dropped in silence."""

import click
import pytest

from efs_backup.cli.app import app
from tests.support.cli import Cli

_GIVEN = {
    "integer": "1",
    "float": "1",
    "integer range": "1",
    "float range": "1",
    "duration": "1h30m",
    "text": "text",
    "directory": "/",
}


def _value(option: click.Option) -> list[str]:
    if option.is_flag:
        return []
    if isinstance(option.type, click.Choice):
        return [str(option.type.choices[0])]
    return [_GIVEN[option.type.name]]


def _commands() -> dict[str, click.Command]:
    context = click.Context(app)
    found = {name: app.get_command(context, name) for name in app.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def _options() -> list[tuple[str, click.Option]]:
    return [
        (name, option)
        for name, command in _commands().items()
        for option in command.params
        if isinstance(option, click.Option)
    ]


def _takes_several(option: click.Option) -> bool:
    return option.multiple or (option.is_flag and not option.secondary_opts)


@pytest.mark.parametrize(
    ("command", "option"),
    [pytest.param(*found, id=f"{found[0]}{found[1].opts[0]}") for found in _options() if not _takes_several(found[1])],
)
def test_an_option_with_one_value_is_not_taken_twice(command: str, option: click.Option) -> None:
    """In no command, and in no spelling: else the first would be dropped in silence."""
    other = (option.secondary_opts or option.opts)[-1]
    first, second = [option.opts[0], *_value(option)], [other, *_value(option)]
    with pytest.raises(click.UsageError, match=f"{option.opts[-1]} is given 2 times"):
        app.main([command, "one", *first, "two", *second], standalone_mode=False)


def test_there_are_options_that_may_be_given_several_times() -> None:
    """Excludes, paths and hooks, and flags, of which a second changes nothing."""
    several = {(command, option.name) for command, option in _options() if option.multiple}
    paths = {("restore", "path"), ("drill", "path"), ("repair", "places")}
    hooks = {("run", phase) for phase in ("before", "after", "failed")}
    excludes = {(command, "exclude") for command in ("init", "run", "estimate")}
    assert several == {*excludes, *paths, *hooks, ("copy", "snapshots"), ("doctor", "only")}


def test_an_option_given_twice_is_wrong_usage(cli: Cli) -> None:
    """With the exit code and a sentence that names it."""
    ended = cli("list", "backup", "--label=a", "--label", "b", code=2)
    assert "--label is given 2 times; it takes one value." in ended.stderr
