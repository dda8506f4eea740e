"""A hold: a reason why nothing older than a snapshot is dropped until a person releases it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from efs_backup.domain.humanize import clipped, counted, valid
from efs_backup.domain.snapshots.names import Interval, SnapshotName

FORMAT = 1
TRIPWIRE = "tripwire"
"""Who holds where no person has."""
LONG = timedelta(days=14)
"""A hold that is older is told more loudly: it costs room, and history that is not made."""

_MOST_EARLIER = 20
_MOST_LETTERS = 1_000


@dataclass(frozen=True)
class Cause:
    """One reason to hold.

    since: the snapshot of the night; all older ones are protected. by: who; at: when, aware. share: the part of the
    files that changed or went, None where a person holds. protects: the snapshots that were there, which only tell.
    """

    since: SnapshotName
    reason: str
    by: str
    at: datetime
    share: float | None = None
    protects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hold:
    """The hold of one series, which protects the snapshots of all series of its label. earlier: the oldest first."""

    cause: Cause
    earlier: tuple[Cause, ...] = ()

    @property
    def causes(self) -> tuple[Cause, ...]:
        """All its reasons, the oldest first."""
        return (*self.earlier, self.cause)

    @property
    def since(self) -> SnapshotName:
        """All snapshots that are older are protected."""
        return max(one.since for one in self.causes)

    @property
    def began(self) -> datetime:
        """When the first of its reasons came."""
        return min(one.at for one in self.causes)

    @property
    def latest(self) -> datetime:
        """When the last of its reasons came: who released before that has not seen it."""
        return max(one.at for one in self.causes)

    def upon(self, before: "Hold | None") -> "Hold":
        """The same hold where another one is there already: both hold."""
        if before is None:
            return self
        causes = [one for one in (*before.earlier, before.cause) if one.since != self.cause.since]
        return replace(self, earlier=(*causes[:1], *causes[1:][-_MOST_EARLIER:]))

    def to_text(self) -> str:
        """The file's text."""
        value = {"format": FORMAT, **_as_json(self.cause), "earlier": [_as_json(one) for one in self.earlier]}
        return json.dumps(value, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Hold":
        """The hold that a file tells. Raises ValueError of anything else."""
        try:
            value = _known(json.loads(text))
            return cls(_cause(value), tuple(_cause(one) for one in value.get("earlier", ())))
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError, ValueError) as error:
            raise ValueError(f"it is no hold: {error}") from error


def _known(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if value.get("format", FORMAT) != FORMAT:
        raise ValueError(f"its format is {value['format']!r}, and this version knows {FORMAT} only")
    return value


def _as_json(cause: Cause) -> dict[str, Any]:
    at = cause.at.isoformat().replace("+00:00", "Z")
    return {**asdict(cause), "since": str(cause.since), "at": at, "protects": list(cause.protects)}


def _cause(value: Mapping[str, Any]) -> Cause:
    since, at, share = SnapshotName.parse(str(value["since"])), datetime.fromisoformat(value["at"]), value.get("share")
    if since is None or at.tzinfo is None:
        raise ValueError(f"{value['since']!r} is no snapshot, or {value['at']!r} no time")
    protects = tuple(str(name) for name in value.get("protects", ()))
    number = None if share is None else float(share)
    return Cause(since, told(str(value["reason"])), told(str(value["by"])), at.astimezone(UTC), number, protects)


def told(text: str) -> str:
    """A text of a person as it is kept: on one line, and no novel."""
    return clipped(" ".join(valid(text).split()), _MOST_LETTERS)


@dataclass(frozen=True)
class Torn:
    """A file in the place of a hold that tells none; it holds everything. path: its own; why: a cause, in words."""

    path: str
    why: str


@dataclass(frozen=True)
class LabelHold:
    """All that holds the series of one label, by their intervals."""

    holds: Mapping[Interval, Hold | Torn]

    @property
    def torn(self) -> list[Torn]:
        """The files that cannot be used."""
        return [one for one in self.holds.values() if isinstance(one, Torn)]

    @property
    def readable(self) -> list[Hold]:
        """The holds that can be read."""
        return [one for one in self.holds.values() if isinstance(one, Hold)]

    @property
    def since(self) -> SnapshotName | None:
        """The newest snapshot of all holds; None where there is none."""
        return max((one.since for one in self.readable), default=None)

    def protects(self, snapshots: Iterable[SnapshotName]) -> dict[SnapshotName, str]:
        """Which of these snapshots are held, and why."""
        if torn := self.torn:
            return dict.fromkeys(snapshots, f"held, for the hold {torn[0].path!r} cannot be read")
        since = self.since
        return {} if since is None else {name: f"held since {since}" for name in snapshots if name < since}


NO_HOLD = LabelHold({})


def plan_release(held: LabelHold, asked: datetime | None) -> list[Interval]:
    """The series whose holds a release takes away. asked: when it was asked for, if it is carried out later.

    A hold that came after that was not meant. A torn one is meant only by who is there and has seen it.
    """
    if asked is None:
        return [*held.holds]
    return [
        interval for interval, one in held.holds.items() if isinstance(one, Hold) and one.latest <= asked
    ]  # fmt: skip


def reminder(held: LabelHold, now: datetime, *, crowd: int = 0, room: int = 0) -> list[str]:
    """Remind of a hold, as each report does. crowd: snapshots of the label; room: how many can share one file."""
    found = [*map(_torn_sentence, held.torn)]
    if held.readable:
        found.append(_reminder(held.readable, now))
    if found and crowd > room:
        found.append(
            f"The label has {counted(crowd, 'snapshot')}, more than the {room} that can share one file: where links run"
            " out, files are copied anew, and take room once more."
        )
    return found


def _torn_sentence(torn: Torn) -> str:
    return (
        f"Nothing at all is dropped, for the hold {torn.path!r} cannot be read: {torn.why}. Look at it; then"
        " `efs-backup release BACKUP --reason ...` takes it away."
    )


def because(holds: Iterable[Hold]) -> str:
    """Why, and by whom: by the newest snapshot that is named, and, where there are others, by the oldest too.

    Who holds in the end must not hide what has tripped before.
    """
    *before, last = sorted((cause for one in holds for cause in one.causes), key=lambda cause: cause.since)
    told = f"{last.reason} (by {last.by})"
    if not before:
        return told
    first, more = before[0], f", and {counted(len(before) - 1, 'reason')} between" if before[1:] else ""
    return f"{told}, and before that, since {first.since}, because {first.reason} (by {first.by}){more}"


def _reminder(holds: Sequence[Hold], now: datetime) -> str:
    newest, began = max(one.since for one in holds), min(one.began for one in holds)
    days = max(0, (now - began).days)
    how_long = f"for {counted(days, 'day')}" if days else "since today"
    loud = (
        f" That is long: nobody has decided for {counted(days, 'day')}, the room is not given back, and only the newest"
        " snapshots rotate."
    ) if now - began >= LONG else ""  # fmt: skip
    return (
        f"Held {how_long}: no snapshot older than {newest} is dropped, because {because(holds)}.{loud}"
        " Compare the snapshots before and after it with `efs-backup diff`, then"
        " `efs-backup release BACKUP --reason ...`."
    )
