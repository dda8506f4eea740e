"""`efs-backup hold` and `efs-backup release`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from efs_backup.cli import options
from efs_backup.cli.output import answered, print_facts, print_json, print_notes
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.snapshots.hold import Hold, LabelHold, Torn, because
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.engine.series.hold import By, hold_all, release
from efs_backup.engine.series.lock import Owner
from efs_backup.engine.series.series import Series

_DAILY_FIRST = sorted(Interval, key=lambda interval: interval is not Interval.DAILY)
_reason = click.option("--reason", required=True, metavar="TEXT", help="Why; the next backup seals it.")


@click.command("hold", cls=options.Command)
@options.backup
@_reason
@options.label
@options.holding_interval
@options.as_json
def hold_series(*, backup: str, reason: str, label: str, interval: str | None, as_json: bool) -> int:
    """Keep all snapshots that a label has now, in all its series, whatever the rules say, until `release`.

    It may be said while a backup runs. Newer snapshots go on rotating among themselves.
    """
    by = _by(reason)
    wanted = [_series(backup, label, one) for one in ([interval] if interval else _DAILY_FIRST)]
    series = next((one for one in wanted if one.exists and one.snapshots()), None)
    if series is None:
        kind = f"{interval} snapshot" if interval else "snapshot"
        raise NothingThere(f"There is no {kind} in {str(wanted[0].label_path)!r}.")
    cause = hold_all(series, by)
    if as_json:
        print_json({
            "label": str(series.label), "interval": series.interval, "older_than": str(cause.since),
            "snapshots": list(cause.protects), "reason": cause.reason, "by": by.who,
        })  # fmt: skip
    else:
        print_facts([
            ("held", ", ".join(cause.protects)),
            ("older than", str(cause.since)),
            ("because", cause.reason),
            ("by", by.who),
        ])  # fmt: skip
    return answered()


@click.command("release", cls=options.Command)
@options.backup
@_reason
@options.label
@options.any_interval
@options.as_json
def release_label(*, backup: str, reason: str, label: str, interval: str | None, as_json: bool) -> int:
    """Take the holds of a label away: from the next prune on the rules hold again for all its snapshots."""
    by = _by(reason)
    series = _series(backup, label, interval or Interval.DAILY)
    notes = list[str]()
    gone = release(series, by, interval=Interval(interval) if interval else None, note=notes.append)
    if not gone.holds:
        which = f"hold of the {interval} series" if interval else "hold"
        raise NothingThere(f"There is no {which} in {str(series.label_path)!r}.")
    print_notes(notes)
    if as_json:
        print_json({
            "label": str(series.label), "released": [hold_json(kind, one) for kind, one in gone.holds.items()],
            "reason": reason, "by": by.who,
        })  # fmt: skip
    else:
        print_facts([*(("released", line) for line in hold_lines(gone)), ("because", reason), ("by", by.who)])
    return answered()


def hold_lines(held: LabelHold) -> list[str]:
    """A line for each hold of a label."""
    return [
        f"{interval}: torn: {one.path!r}, {one.why}" if isinstance(one, Torn)
        else f"{interval}: what is older than {one.since}, since {one.began:%Y-%m-%d %H:%M} UTC, because"
        f" {because([one])}"
        for interval, one in held.holds.items()
    ]  # fmt: skip


def hold_json(interval: Interval, one: Hold | Torn) -> dict[str, object]:
    """A hold for programs."""
    if isinstance(one, Torn):
        return {"interval": interval, "older_than": None, "reason": f"torn: {one.why}", "by": None, "share": None}
    cause = one.cause
    return {
        "interval": interval, "older_than": str(one.since), "reason": cause.reason, "by": cause.by,
        "share": cause.share,
    }  # fmt: skip


def _series(backup: str, label: str, interval: str) -> Series:
    return Series(Path(backup).absolute(), FolderLabel(label), Interval(interval), datetime.now(UTC))


def _by(reason: str) -> By:
    """Who asks. Raises WrongUsage of a reason that is none."""
    if not reason.strip():
        raise WrongUsage("The --reason is empty: whoever reads it in a year has only that.")
    now = datetime.now(UTC)
    owner = Owner.this_process("", now)
    return By(f"{owner.user} on {owner.host}", now, reason)
