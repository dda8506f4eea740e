"""What the kernel's error numbers mean for a copy."""

import errno

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The backup is full."""

NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""A path leads to nothing: it is gone, or something on the way is no directory any more."""
