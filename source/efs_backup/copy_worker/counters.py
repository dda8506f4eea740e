"""What became of the files of a part; lean, for the copy tool."""

import stat

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes


class Tally:
    """What became of some files: counts, sizes in bytes, and the paths that are left to rsync.

    with_references: rsync may link these; fresh: it must copy them, for a link was refused. left_size: of both, as far
    as it is known. doubtful: those that were there before, of whom nobody knows whether they are whole. large:
    those that are copied when all directories are done. vanished: the files that the source has no more.
    """

    def __init__(self) -> None:
        self.files = self.size = self.transferred = self.transferred_size = self.left_size = self.vanished = 0
        self.with_references: list[str] = []
        self.fresh: list[str] = []
        self.doubtful: list[str] = []
        self.large: list[tuple[str, Attributes]] = []

    def count(self, attributes: "Attributes", *, is_transferred: bool = False) -> None:
        """Count a file that is where it belongs now."""
        has_size = stat.S_ISREG(attributes.st_mode) or stat.S_ISLNK(attributes.st_mode)
        size = attributes.st_size if has_size else 0
        self.files, self.size = self.files + 1, self.size + size
        if is_transferred:
            self.transferred, self.transferred_size = self.transferred + 1, self.transferred_size + size

    def taken(self) -> "Tally":
        """The counts until now, which begin anew; the paths stay."""
        counts = Tally()
        counts.add(self)
        self.files = self.size = self.transferred = self.transferred_size = self.vanished = 0
        return counts

    def add(self, other: "Tally") -> None:
        """Count what another has counted."""
        self.files, self.size = self.files + other.files, self.size + other.size
        self.transferred += other.transferred
        self.transferred_size += other.transferred_size
        self.left_size += other.left_size
        self.vanished += other.vanished
        self.with_references += other.with_references
        self.fresh += other.fresh
        self.doubtful += other.doubtful
        self.large += other.large
