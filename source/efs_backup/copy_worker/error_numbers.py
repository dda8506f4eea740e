"""The kernel's error numbers, and their meaning for a copy."""

import errno

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The backup is full."""

NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""A path leads to nothing: it is gone, or something on the way is no directory any more."""

SHAPE = frozenset({errno.ENAMETOOLONG, errno.ENXIO, errno.EOVERFLOW})
"""The errors of a form that cannot be copied: too long a path, a socket in a file's place."""

TARGET_SHAPE = (
    SHAPE | NOT_THERE | {errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY, errno.EINVAL, errno.EILSEQ, errno.EFBIG}
)
"""The target cannot hold a name: it is in the way of another, or too long, too large or of wrong bytes for it."""
