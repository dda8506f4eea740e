"""Statistics of a copy."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CopyStatistics:
    """The figures of a copy; files are everything that is no directory, sizes are bytes.

    `number_of_files_transferred` counts regular files whose data were read from the source. What is neither
    transferred nor linked got a new inode without data: symlinks, FIFOs, and files of which only attributes changed.
    """

    number_of_files: int = 0
    number_of_files_transferred: int = 0
    number_of_files_linked: int = 0
    total_file_size: int = 0
    total_transferred_file_size: int = 0
    vanished_files: int = 0

    @property
    def number_of_files_copied(self) -> int:
        """Files that got an inode of their own in this snapshot."""
        return self.number_of_files - self.number_of_files_linked

    def __add__(self, other: "CopyStatistics") -> "CopyStatistics":
        return CopyStatistics(
            self.number_of_files + other.number_of_files,
            self.number_of_files_transferred + other.number_of_files_transferred,
            self.number_of_files_linked + other.number_of_files_linked,
            self.total_file_size + other.total_file_size,
            self.total_transferred_file_size + other.total_transferred_file_size,
            self.vanished_files + other.vanished_files,
        )
