"""All rows and policies of a stack: what may be added, changed and removed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from efs_backup.domain.errors import NothingThere, RecordFault, WrongUsage
from efs_backup.domain.humanize import shown
from efs_backup.domain.sources.row import Policy, Source, policy_item

_Read = TypeVar("_Read", Source, Policy)
_ROWS, _POLICIES = "Rows", "Policies"


@dataclass(frozen=True)
class SourceTable:
    """`version` counts the changes: who writes says which one it has read.

    `unread` has what nobody here can read, by the name of its list and its own; a change of the rest leaves it as it
    is, for a later version may have written it. `faults` has a sentence for each.
    """

    version: int = 0
    rows: tuple[Source, ...] = ()
    policies: tuple[Policy, ...] = ()
    faults: tuple[str, ...] = ()
    unread: tuple[tuple[str, str, Any], ...] = ()

    @property
    def active(self) -> tuple[Source, ...]:
        """The rows that start backups."""
        return tuple(row for row in self.rows if row.is_active)

    def row(self, label: str, interval: str | None) -> Source:
        """The row of this label and interval, which may be left out where there is one. Raises NothingThere."""
        found = [row for row in self.rows if str(row.label) == label and interval in (None, row.interval.value)]
        if len(found) == 1:
            return found[0]
        there = ", ".join(row.identity for row in self.rows) or "none"
        what = f"no row {label}" + (f"/{interval}" if interval else "")
        if found:
            raise WrongUsage(f"The label {label} has several rows: {there}.", "Give the interval of one, too.")
        raise NothingThere(f"There is {what} beside the first; there are: {there}.")

    def newest(self, label: str) -> Source:
        """The row of this label that came last. Raises NothingThere."""
        found = [row for row in self.rows if str(row.label) == label]
        return max(found, key=lambda row: row.since) if found else self.row(label, None)

    def policy(self, name: str) -> Policy:
        """The policy of this name. Raises NothingThere."""
        found = next((policy for policy in self.policies if policy.name == name), None)
        if found is None:
            names = ", ".join(policy.name for policy in self.policies) or "none"
            raise NothingThere(f"There is no policy {name!r}; there are: {names}.")
        return found

    def with_row(self, row: Source, first: "Taken", backup: str) -> "SourceTable":
        """The table with one row more, or with an inactive one of this identity active again.

        first: what the parameters of the stack take. backup: the backup file system. Raises WrongUsage.
        """
        new, others = row.checked(), [each for each in self.rows if each.identity != row.identity or each.is_active]
        if new.file_system == backup:
            raise WrongUsage(f"{backup} holds the snapshots; it cannot be a source of this stack.")
        for taken in (first, *map(taken_by, others)):
            _refuse_double(new, taken)
        return self._with(rows=tuple(sorted((*others, new), key=lambda each: each.identity)))

    def without_row(self, row: Source) -> "SourceTable":
        """The table without this row."""
        return self._with(rows=tuple(each for each in self.rows if each.identity != row.identity))

    def with_own(self, row: Source) -> "SourceTable":
        """The table with this row in the place of the one of its identity, if it can work. Raises WrongUsage."""
        return self.with_changed(row.checked())

    def with_changed(self, row: Source) -> "SourceTable":
        """The table with this row in the place of the one of its identity."""
        return self._with(rows=tuple(row if each.identity == row.identity else each for each in self.rows))

    def with_policy(self, policy: Policy) -> "SourceTable":
        """The table with this policy, also for the rows that go by it. Raises WrongUsage."""
        new = policy.checked()
        users = [row for row in self.rows if row.policy.name == new.name]
        if any(row.interval is not new.interval for row in users):
            raise WrongUsage(
                f"Rows of the policy {new.name} are {users[0].interval}; its interval cannot change under them.",
                "Add another policy.",
            )
        others = (each for each in self.policies if each.name != new.name)
        rows = tuple(replace(row, policy=new) if row in users else row for row in self.rows)
        return self._with(policies=tuple(sorted((*others, new), key=lambda each: each.name)), rows=rows)

    def without_policy(self, name: str) -> "SourceTable":
        """The table without a policy, of which no active row may be left. Raises NothingThere, WrongUsage."""
        gone = self.policy(name)
        users = ", ".join(row.identity for row in self.active if row.policy.name == name)
        if users:
            raise WrongUsage(f"Rows go by the policy {name}: {users}.", "Remove them, or their tags, first.")
        return self._with(policies=tuple(each for each in self.policies if each != gone))

    def one_ahead_of(self, stored: "SourceTable") -> "SourceTable":
        """The table as one change of what is stored, of however many steps it was made."""
        return replace(self, version=stored.version + 1)

    def to_item(self) -> dict[str, Any]:
        """The mapping that is stored, but for the key."""
        return {
            "Version": self.version,
            _ROWS: self._unread(_ROWS) | {row.identity: row.to_item() for row in self.rows},
            _POLICIES: self._unread(_POLICIES) | {policy.name: policy_item(policy) for policy in self.policies},
        }

    def _unread(self, kind: str) -> dict[str, Any]:
        return {name: item for of, name, item in self.unread if of == kind}

    @classmethod
    def from_item(cls, item: Mapping[str, Any] | None) -> "SourceTable":
        """The table that such a mapping holds; what cannot be read is told in `faults` and hides nothing else."""
        if item is None:
            return cls()
        reading = _Reading()
        rows = tuple(reading.read(_ROWS, item.get(_ROWS), Source.from_item))
        policies = tuple(reading.read(_POLICIES, item.get(_POLICIES), Policy.from_item))
        return cls(int(item.get("Version", 0)), rows, policies, tuple(reading.faults), tuple(reading.unread))

    def _with(self, **changed: Any) -> "SourceTable":
        return replace(self, version=self.version + 1, **changed)


@dataclass(frozen=True)
class Taken:
    """The identity, label, source and interval that a row takes, so that no other may have them."""

    identity: str
    label: str
    place: tuple[str, str]
    interval: str


def taken_by(row: Source) -> Taken:
    """The identity, label, source and interval that this row takes."""
    return Taken(row.identity, str(row.label), row.place, row.interval.value)


def _refuse_double(new: Source, taken: Taken) -> None:
    if new.identity == taken.identity:
        raise WrongUsage(f"There is a row {taken.identity} already, of {':'.join(taken.place)}.", "Remove it first.")
    if str(new.label) == taken.label and new.place != taken.place:
        raise WrongUsage(
            f"The label {taken.label} is that of {':'.join(taken.place)}: a label has the snapshots of one source.",
            "Give another label.",
        )
    if new.place == taken.place and new.interval == taken.interval:
        raise WrongUsage(f"{':'.join(taken.place)} is backed up {taken.interval} already, by the row {taken.identity}.")


@dataclass
class _Reading:
    """The reading of items: what is wrong with them, and what could not be read."""

    faults: list[str] = field(default_factory=list)
    unread: list[tuple[str, str, Any]] = field(default_factory=list)

    def read(self, kind: str, items: Any, read: Callable[[Mapping[str, Any]], _Read]) -> Iterator[_Read]:
        """Each that can be read."""
        for name, item in (items if isinstance(items, Mapping) else {}).items():
            try:
                yield read(item)
            except RecordFault as fault:
                self.faults.append(f"{kind}, {shown(name)}: {fault.message} It is left as it is.")
                self.unread.append((kind, name, item))


BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when the first row is: nobody asks."""
