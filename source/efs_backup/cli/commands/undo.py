"""`efs-backup undo`."""

from datetime import UTC, datetime
from typing import Any

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_error, print_facts, print_json
from efs_backup.cli.progress import watching
from efs_backup.cli.question import Question, is_asked
from efs_backup.domain.copying.undoing import Done, UndoRequest, UndoResult, UndoStatus
from efs_backup.domain.humanize import as_fields, as_value
from efs_backup.domain.snapshots.window import Window
from efs_backup.engine.machine.signals import exit_on_signals, stop_on_signals
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.runs.undo import UndoRun

_WORDS = {
    Done.REMOVED: "removed",
    Done.PUT_BACK: "put back",
    Done.RIGHTS: "rights given back",
    Done.MOVED_ASIDE: "moved aside",
    Done.LEFT: "left alone",
}


@click.command(cls=options.Command)
@click.argument("place", metavar="QUARANTINE", callback=options.absolute)
@click.option(
    "--target", metavar="TARGET", callback=options.absolute_if_given,
    help="Where to put things back, if that is not where the restore was.",
)  # fmt: skip
@options.move_changed
@options.yes
@options.dry_run
@options.as_json
def undo(*, place: str, target: str | None, move_changed: bool, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Undo the restore whose QUARANTINE this is, or the newest one into this TARGET.

    What it made is removed, what it replaced or moved away is put back. What was changed since is left alone and named.
    """
    stop = Stop(Window())
    stop_on_signals(stop)
    with watching(stop.seconds_left) as watcher:
        run = UndoRun(UndoRequest(place, target, move_changed), now=datetime.now(UTC), stop=stop, watcher=watcher)
        question = Question(watcher, stop)
        asks = None if yes or not is_asked() else lambda plan: question.ask(_facts(plan))
        result = run.plan() if dry_run else run.run(asks)
    exit_on_signals(result.exit_code)
    _show(result, as_json=as_json)
    return answered() if dry_run else result.exit_code


def _show(result: UndoResult, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(result))
    else:
        print_facts(_facts(result))
    if result.status in {UndoStatus.INCOMPLETE, UndoStatus.LEFT}:
        print_error(f"{result.status}: {result.message}", result.next_step)


def _as_json(result: UndoResult) -> dict[str, Any]:
    return {
        "status": result.status,
        **as_fields("quarantine", result.quarantine),
        **as_fields("target", result.target),
        **{word.value: result.done.counts[word] for word in Done},
        "first_left": [{**as_fields("path", path), "reason": why} for path, why in result.done.left],
        "aside": as_value(result.aside) if result.aside else None,
        "notes": [*result.notes],
        "message": result.message,
        "next_step": result.next_step,
    }


def _facts(result: UndoResult) -> list[tuple[str, str]]:
    would = "would be " if result.status is UndoStatus.PLANNED else ""
    return [
        ("status", result.status),
        ("quarantine", result.quarantine),
        ("target", result.target),
        *((would + word, f"{result.done.counts[done]:,}") for done, word in _WORDS.items()),
        *((would + _WORDS[Done.LEFT], f"{path} ({why})") for path, why in result.done.left),
        ("aside", result.aside or ""),
        *(("note", note) for note in result.notes),
        ("message", result.message),
        ("next", result.next_step),
    ]
