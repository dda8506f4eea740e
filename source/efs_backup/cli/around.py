"""The options of what happens around a backup: hooks, and the ping."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from efs_backup.domain.requests.hooks import DEFAULT_HOOK_SECONDS, HookCommand, HookCommands, Phase
from efs_backup.domain.requests.ping_url import PingUrl
from efs_backup.engine.machine.hook_commands import CommandHooks
from efs_backup.engine.machine.process import Runner

if TYPE_CHECKING:
    from efs_backup.engine.machine.ping import Ping


class _CommandLine(click.ParamType[str]):
    """A program and its arguments in one text; in the environment one on each line."""

    name = "command"

    def split_envvar_value(self, rv: str) -> list[str]:
        """See click.ParamType."""
        return [line for line in rv.splitlines() if line.strip()]

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See click.ParamType."""
        del param, ctx
        return value


def hooks(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options of hooks and ping; the command gets `before`, `after`, `failed`, `hook_timeout` and `ping`."""
    for option in (
        click.option(
            "--ping", metavar="URL",
            help="Tell a service like healthchecks.io of start, success and failure; best by EFS_BACKUP_RUN_PING.",
        ),
        click.option(
            "--hook-timeout", type=float, default=DEFAULT_HOOK_SECONDS, show_default=True, metavar="SECONDS",
            help="End a hook that takes longer.",
        ),
        _hook("failed", "Run at the end of a backup that is no success; repeatable."),
        _hook("after", "Run when the source is not needed any more, also where the copy failed; repeatable."),
        _hook("before", "Run before the source is read, without a shell; if it fails nothing is copied; repeatable."),
    ):  # fmt: skip
        command = option(command)
    return command


def _hook(name: str, text: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    return click.option(f"--{name}", multiple=True, type=_CommandLine(), metavar="COMMAND", help=text)


def commands_of(
    before: tuple[str, ...], after: tuple[str, ...], failed: tuple[str, ...], hook_timeout: float
) -> HookCommands:
    """The hooks that the options name. Raises WrongUsage."""
    return HookCommands(_commands(before), _commands(after), _commands(failed), hook_timeout)


def _commands(texts: tuple[str, ...]) -> tuple[HookCommand, ...]:
    return tuple(HookCommand.of(text) for text in texts)


def hooks_of(commands: HookCommands, runner: Runner) -> CommandHooks | None:
    """Runs them; None where there are none."""
    return CommandHooks(commands, runner) if any(map(commands.of, Phase)) else None


def ping_url(text: str | None) -> PingUrl | None:
    """The address; None where none is given. Raises WrongUsage."""
    return PingUrl(text) if text else None


def ping_of(url: PingUrl | None, note: Callable[[str], None]) -> "Ping | None":
    """Tells the service at this address; None where there is no address."""
    if url is None:
        return None
    # What speaks HTTP takes long to import, and few backups need it.
    from efs_backup.engine.machine.ping import Ping  # noqa: PLC0415

    return Ping(url, note)
