"""How exactly a file system keeps times."""

import os
import uuid

_PROBE_NS = 1_111_111_111_123_456_789
"""An odd second, and digits in all of its nanoseconds."""

_STEPS_NS = (1, 100, 1000, 1_000_000, 1_000_000_000, 2_000_000_000)
"""Of ext4, xfs and NFS; NTFS and SMB; exFAT-like and some network file systems; ext3 or ext4 with small inodes; FAT."""


def time_step_of(directory: int) -> int:
    """The nanoseconds of which the mtimes in an open directory are multiples, learned from a file made there.

    Raises OSError.
    """
    name = f".time-test-{uuid.uuid4().hex}"
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory)
    try:
        os.utime(descriptor, ns=(_PROBE_NS, _PROBE_NS))
        kept = os.fstat(descriptor).st_mtime_ns
    finally:
        os.close(descriptor)
        os.unlink(name, dir_fd=directory)
    return next((step for step in _STEPS_NS if _PROBE_NS // step * step == kept), _STEPS_NS[-1])
