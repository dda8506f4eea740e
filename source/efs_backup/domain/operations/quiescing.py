"""The way to a quiet source where other machines write to it: a document of Systems Manager, run on them."""

from collections.abc import Iterable
from dataclasses import dataclass

from efs_backup.domain.requests.hooks import Phase

QUIESCE_TAG = "efs-backup-quiesce"
"""The key of the tag by which instances are chosen: a policy can have the value of a tag from a parameter, no key."""

PHASE_PARAMETER = "Phase"
"""The one parameter that the document has to declare: before, after or failed."""

DELIVERY_SECONDS = 120
"""How long an instance may take to begin: what begins later than that is not run at all, so none is made quiet late."""

_UNDER_WAY = ("Pending", "InProgress", "Delayed", "Cancelling")
_SUCCESS = "Success"
_NAMED = 3
_LETTERS = 700


@dataclass(frozen=True)
class CommandProgress:
    """How a command stands on all its instances together (AWS Systems Manager User Guide, "command statuses")."""

    status: str
    details: str
    targets: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status not in _UNDER_WAY


@dataclass(frozen=True)
class InstanceWords:
    """How a command ended on one instance, and the end of what it wrote there."""

    instance_id: str
    details: str
    text: str

    def __str__(self) -> str:
        said = " | ".join(line.strip() for line in self.text[-_LETTERS:].splitlines() if line.strip())
        return f"{self.instance_id}: {self.details}" + (f', it said last: "{said}"' if said else "")


def fault_of(progress: CommandProgress, words: Iterable[InstanceWords]) -> str:
    """Why a command that has ended did not do its work; "" where it did, on one instance at least."""
    if progress.targets == 0:
        return f"reached no instance: none that Systems Manager manages has the tag {QUIESCE_TAG} of this stack"
    if progress.status == _SUCCESS:
        return ""
    bad = [str(one) for one in words if one.details != _SUCCESS]
    more = f" and {len(bad) - _NAMED:,} more" if len(bad) > _NAMED else ""
    return f"ended as {progress.details or progress.status} ({'; '.join(bad[:_NAMED]) or 'no instance says why'}{more})"


def what_to_do(document: str, phase: Phase) -> str:
    """The next step of the operator."""
    return (
        f"Look at the document {document} and at its commands in Systems Manager (Run Command, History), run it by hand"
        f" with {PHASE_PARAMETER}={phase}, and see that what it made quiet goes on."
    )
