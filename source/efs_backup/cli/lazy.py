"""Groups of commands that load the module of a command when that is called, not before."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from efs_backup.cli.catalog import Entry, hint

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class LazyGroup(click.Group):
    """Loads the module of a command when that is called: what one command needs, another has not to wait for.

    sections: the commands by what they are for, each under its name.
    """

    def __init__(self, *arguments: Any, sections: Mapping[str, Mapping[str, Entry]], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.sections = sections
        self.entries = {name: entry for section in sections.values() for name, entry in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click.Group."""
        return [*super().list_commands(ctx), *self.entries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click.Group."""
        if cmd_name not in self.entries:
            return super().get_command(ctx, cmd_name)
        entry = self.entries[cmd_name]
        command: click.Command = getattr(import_module(f"{entry.package}.{entry.module}"), entry.function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click.Group. Raises UsageError with what may have been meant."""
        name = args[0]
        if not name.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            raise click.UsageError(f"No such command {name!r}. {hint(name, self.entries)}".rstrip(), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click.Group. By what they are for; no command is imported."""
        del ctx
        for section, entries in self.sections.items():
            with formatter.section(section):
                formatter.write_dl([(name, entry.help) for name, entry in entries.items()], col_max=12)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        """See click.Group. No command is imported."""
        # Only who completes needs it.
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        options = click.Command.shell_complete(self, ctx, incomplete)
        names = [name for name in self.entries if name.startswith(incomplete)]
        return [*(CompletionItem(name, help=self.entries[name].help) for name in names), *options]
