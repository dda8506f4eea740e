"""Result: what became of one share, as whoever did it has written it down."""

from dataclasses import asdict, dataclass
from typing import Any

from efs_backup.domain.copying.arrival import Cause, Trouble
from efs_backup.domain.copying.statistics import CopyStatistics


@dataclass(frozen=True)
class Learned:
    """The lessons of a walk about what is left out: see `efs_backup.engine.trees.left_out.LeftOut`.

    met: numbers of patterns; gone: paths; closed: directories that stay empty; own: where BACKUP itself turned up.
    """

    met: tuple[int, ...] = ()
    gone: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShareResult:
    """The end of one attempt at a share. is_whole: all is done.

    base: the snapshot to whose manifest the proofs refer; fault: why nothing is proved. Other fields: see
    `efs_backup.engine.runs.transfer.Transferred`.
    """

    statistics: CopyStatistics
    is_whole: bool
    is_full: bool = False
    compared: int = 0
    rewritten: int = 0
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()
    base: str | None = None
    fault: str = ""
    learned: Learned = Learned()

    def said(self) -> dict[str, Any]:
        """The result as it is stored, of what JSON knows."""
        troubles = [(one.path, one.cause.name, one.text) for one in self.troubles]
        return {**asdict(self), "troubles": troubles}


def read_result(said: Any) -> ShareResult:
    """A result from what is stored of it. Raises ValueError of anything else."""
    try:
        fields = {**said}
        return ShareResult(
            statistics=CopyStatistics(**fields.pop("statistics")),
            troubles=tuple(Trouble(path, Cause[cause], text) for path, cause, text in fields.pop("troubles")),
            learned=Learned(**{name: tuple(several) for name, several in fields.pop("learned").items()}),
            notes=tuple(fields.pop("notes")),
            **fields,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is no result ({error})") from error
