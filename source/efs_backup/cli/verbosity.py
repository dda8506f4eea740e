"""How much a command tells: -q, as usual, or -v. Each part of the output asks here."""

import click

_KEY = "efs_backup.verbosity"
_QUIET, _USUAL, _VERBOSE = "quiet", "usual", "verbose"


def say_more(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    """-v was given. Raises UsageError beside -q."""
    _say(context, _VERBOSE if value else None)


def say_less(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    """-q was given. Raises UsageError beside -v."""
    _say(context, _QUIET if value else None)


def _say(context: click.Context, wanted: str | None) -> None:
    if wanted and context.meta.setdefault(_KEY, wanted) != wanted:
        raise click.UsageError("Give only one of --quiet and --verbose.", context)


def is_quiet() -> bool:
    """Whether only warnings and errors are told."""
    return _verbosity() == _QUIET


def is_verbose() -> bool:
    """Whether each step is told."""
    return _verbosity() == _VERBOSE


def _verbosity() -> str:
    context = click.get_current_context(silent=True)
    return str(context.meta.get(_KEY, _USUAL)) if context else _USUAL
