"""Metering: the bytes that Amazon EFS charges for operations with elastic throughput, and for what is stored.

Sources: Amazon EFS User Guide, "How Amazon EFS reports file system and object sizes"
(https://docs.aws.amazon.com/efs/latest/ug/metered-sizes.html), and AWS re:Post, "How do I estimate Elastic Throughput
mode costs for Amazon EFS": a metadata operation counts as 4 KiB and a data operation as 32 KiB at least, and beyond
that by the KiB.
"""

KIB, MIB, GIB = 2**10, 2**20, 2**30
"""Bytes. What AWS bills as a GB is 2**30 bytes (Amazon S3 FAQs, for storage; taken to be so for throughput too)."""

METADATA_BYTES = 4 * KIB
"""Of one operation on names or attributes; the listing of a large directory counts as more, which is not modelled."""

LEAST_DATA_BYTES = 32 * KIB
_AT_ONCE = MIB
"""The most that one NFS operation carries (rsize and wsize, as Amazon EFS recommends them)."""

_BLOCK = 4 * KIB
_INODE_BYTES = 2 * KIB
_LEAST_COLD_BYTES = 128 * KIB
"""The least that Infrequent Access and Archive bill for a file."""

_NAMES_OF_A_BLOCK = 40
"""Names of a directory's 4 KiB, judged: the guide says only that they are rounded to the next 4 KiB."""


def rounded(size: int, step: int) -> int:
    """The next multiple of `step` that is not smaller."""
    return -(-size // step) * step


def metered_data(size: int) -> int:
    """The metered bytes of reading, or writing, a file of so many bytes once; an empty one has no data operation."""
    whole, rest = divmod(size, _AT_ONCE)
    return whole * _AT_ONCE + (max(LEAST_DATA_BYTES, rounded(rest, KIB)) if rest else 0)


def stored_file(size: int) -> int:
    """The bytes in Standard of a file of so many bytes, its inode included; a symlink or the like is one of 1 byte."""
    return rounded(size, _BLOCK) + _INODE_BYTES


def cold_content(size: int) -> int:
    """The bytes of its content alone in Infrequent Access or Archive; the inode stays in Standard."""
    return max(_LEAST_COLD_BYTES, rounded(size, _BLOCK)) if size else 0


def warm_inode(size: int) -> int:
    """Bytes of a file that stay in Standard whatever its class: the inode, and a content of no bytes."""
    return stored_file(size) - rounded(size, _BLOCK)


def stored_directory(names: int) -> int:
    """The bytes of a directory with so many names."""
    return max(1, -(-names // _NAMES_OF_A_BLOCK)) * _BLOCK + _INODE_BYTES
