"""`efs-backup stack stop`."""

from dataclasses import replace

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json
from efs_backup.domain.errors import NothingThere, ServiceFault, WrongUsage
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.running import open_ones, told
from efs_backup.domain.operations.triggers import stop_event
from efs_backup.domain.operations.workflow import Action
from efs_backup.stack.account import Account
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.options import as_json, on_stack
from efs_backup.stack.rows import further_row, of_label, running_of
from efs_backup.stack.watching import INTERRUPTED, tell_end, watch
from efs_backup.stack.words import kind_of


@click.command(cls=options.Command)
@on_stack
@of_label
@click.option("--wait", is_flag=True, help="Wait until it has ended; the exit code is that of the backup.")
@as_json
def stop(
    *, account: Account, name: str | None, label: str | None, interval: str | None, wait: bool, as_json: bool
) -> int:  # fmt: skip
    """End the backup, or drill, that runs, as the end of its window would. Where several run, --label says which.

    Its agent has an hour to finish; what is copied is kept, and the next backup continues from it.
    """
    found = Deployment.of(account, name)
    running = _running(found, label, interval)
    if running is None:
        raise NothingThere(f"Nothing runs{f' of {label}' if label else ''}.", "See: efs-backup stack status")
    said = found.ask(stop_event(running.backup_id, found.caller.name))
    if said["action"] != Action.STOP:
        raise ServiceFault(f"It was not stopped: {said['reason']}.", "See: efs-backup stack status")
    answer = {"stack": found.stack.name, **said, "backup_id": running.backup_id}
    if wait:
        ended = watch(found, running)
        return tell_end(found, answer, ended, as_json=as_json) if ended else INTERRUPTED
    if as_json:
        print_json({**answer, "backup": None})
    else:
        print_facts([("stops", f"{kind_of(running)} {running.backup_id}"), ("see", "efs-backup stack status")])
    return answered()


def _running(found: Deployment, label: str | None, interval: str | None) -> BackupRecord | None:
    """The run that is meant, if there is one. Raises WrongUsage where several run, and none is named."""
    row = further_row(found, label, interval)
    if label is not None:
        return running_of(found, row)
    if not found.stack.has_further_sources:
        return found.running()
    running = open_ones(found.store.backups())
    if len(running) > 1:
        own = found.plan.label
        raise WrongUsage(
            f"{len(running)} run: {told([replace(one, label=one.label or own) for one in running])}.",
            "Say which is meant: --label LABEL",
        )
    return next(iter(running), None)
