"""Attributes of a name as a manifest has them."""

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes as Found


class Attributes:
    """Attributes in a name's line; times in ns, sizes in bytes. link: a symlink's text; sha256: b"" where unknown."""

    __slots__ = ("device", "gid", "link", "mode", "mtime_ns", "sha256", "size", "uid")

    def __init__(  # noqa: PLR0913, PLR0917 - the fields of a line, in its order
        self, mode: int, uid: int, gid: int, mtime_ns: int, size: int = 0, device: int = 0, link: bytes = b"",
        sha256: bytes = b"",
    ) -> None:  # fmt: skip
        self.mode, self.uid, self.gid, self.mtime_ns = mode, uid, gid, mtime_ns
        self.size, self.device, self.link, self.sha256 = size, device, link, sha256


def attributes_of(found: "Found", link: bytes = b"", sha256: bytes = b"") -> Attributes:
    """The attributes of what was found."""
    return Attributes(
        found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, found.st_size, found.st_rdev, link, sha256
    )
