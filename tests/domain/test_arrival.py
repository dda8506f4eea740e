"""Whether a name has arrived, and what is said of those that have not."""

import errno
from dataclasses import replace

import pytest

from efs_backup.domain.copying.arrival import (
    Cause,
    Fidelity,
    Trouble,
    cause_in_source,
    cause_in_target,
    fault_of,
    may_be_remains,
    warnings_of,
    was_read_before,
)
from efs_backup.domain.errors import CopyFailed, SourceUnreadable
from tests.support.builders import Found

FILE = Found(0o100644, 1, 2, 5, 8, 0, 1_000_000_000, 0)
LINK = replace(FILE, st_mode=0o120777)
DEVICE = replace(FILE, st_mode=0o020644, st_rdev=7)


@pytest.mark.parametrize(
    ("source", "target", "losses"),
    [
        (FILE, FILE, ()),
        (FILE, LINK, ("type",)),
        (FILE, replace(FILE, st_size=4), ("size",)),
        (FILE, replace(FILE, st_mode=0o100600), ("mode",)),
        (replace(FILE, st_mode=0o104755), replace(FILE, st_mode=0o100755), ("mode",)),
        (FILE, replace(FILE, st_uid=0), ("owner",)),
        (FILE, replace(FILE, st_gid=0), ("owner",)),
        (FILE, replace(FILE, st_mtime_ns=1_000_000_001), ("mtime",)),
        (FILE, replace(FILE, st_size=4, st_uid=0, st_mtime_ns=0), ("size", "owner", "mtime")),
        (FILE, replace(FILE, st_blocks=0, st_atime_ns=9), ()),
        (LINK, replace(LINK, st_mode=0o120000, st_size=4, st_mtime_ns=0), ()),
        (LINK, replace(LINK, st_uid=0), ("owner",)),
        (DEVICE, replace(DEVICE, st_rdev=8), ("device number",)),
        (replace(FILE, st_mode=0o010644), replace(FILE, st_mode=0o010644, st_size=0), ()),
    ],
)
def test_each_attribute_that_is_not_kept_is_named(source: Found, target: Found, losses: tuple[str, ...]) -> None:
    """Of a symlink only the owner; its text is compared elsewhere."""
    assert Fidelity(owners=True).losses(source, target) == losses


def test_who_cannot_give_files_away_keeps_what_depends_on_no_owner() -> None:
    """The other bits of the mode are."""
    source, target = replace(FILE, st_mode=0o106755), replace(FILE, st_mode=0o100755, st_uid=9, st_gid=9)
    assert Fidelity(owners=False).losses(source, target) == ()
    assert Fidelity(owners=False).losses(source, replace(target, st_mode=0o100655)) == ("mode",)


def test_only_an_older_file_was_read_before() -> None:
    """Of the same type; one of the same time is another one."""
    older = replace(FILE, st_mtime_ns=FILE.st_mtime_ns - 1)
    assert was_read_before(FILE, older)
    assert not was_read_before(older, FILE)
    assert not was_read_before(FILE, replace(FILE, st_size=4))
    assert not was_read_before(LINK, replace(LINK, st_mtime_ns=0))
    assert not was_read_before(FILE, replace(LINK, st_mtime_ns=0))


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        (".file.Ab12Cd", True),
        (".file 1.Tm0UVx", True),
        (".hidden.tar.000000", True),
        (".new\nline.AAAAAA", True),
        ("..AAAAAA", True),
        ("file.Ab12Cd", False),
        (".file.Ab12C", False),
        (".file.Ab12Cde", False),
        (".file.Ab12C-", False),
        (".fileAb12Cd", False),
        (".Ab12Cd", False),
    ],
)
def test_what_rsync_calls_a_file_that_is_not_whole_is_known(name: str, is_so: bool) -> None:
    """A dot, the name, a dot, and six characters."""
    assert may_be_remains(name) is is_so


@pytest.mark.parametrize(
    ("number", "in_source", "in_target"),
    [
        (errno.ENOENT, None, Cause.SHAPE),
        (errno.ENOTDIR, None, Cause.SHAPE),
        (errno.ELOOP, None, Cause.SHAPE),
        (errno.EACCES, Cause.UNREADABLE, Cause.REFUSED),
        (errno.EIO, Cause.UNREADABLE, Cause.REFUSED),
        (errno.ESTALE, Cause.UNREADABLE, Cause.REFUSED),
        (errno.ENAMETOOLONG, Cause.SHAPE, Cause.SHAPE),
        (errno.ENXIO, Cause.SHAPE, Cause.SHAPE),
        (errno.EPERM, Cause.UNREADABLE, Cause.REFUSED),
        (errno.EROFS, Cause.UNREADABLE, Cause.REFUSED),
        (errno.EFBIG, Cause.UNREADABLE, Cause.SHAPE),
    ],
)
def test_an_error_number_has_a_cause_on_each_side(number: int, in_source: Cause | None, in_target: Cause) -> None:
    """A name that is not in the source any more has vanished."""
    assert (cause_in_source(number), cause_in_target(number)) == (in_source, in_target)


def _troubles(cause: Cause, *paths: str) -> list[Trouble]:
    return [Trouble(path, cause, "said") for path in paths]


def test_shapes_are_left_out_and_warned_of() -> None:
    """However many they are."""
    troubles = _troubles(Cause.SHAPE, "b", "a")
    assert fault_of(troubles, 0, "source", "target") is None
    (warned,) = warnings_of(troubles)
    assert (warned.kind, warned.paths, warned.count) == ("LeftOut", ("a", "b"), 2)


def test_more_unreadable_names_than_tolerated_are_a_fault_that_names_the_first() -> None:
    """In order; a name that tells of another line stays on this one."""
    troubles = _troubles(Cause.UNREADABLE, "d", "new\nline", "a", "b")
    assert fault_of(troubles, 4, "source", "target") is None
    assert [warned.kind for warned in warnings_of(troubles)] == ["Unreadable"]
    fault = fault_of(troubles, 3, "source", "target")
    assert isinstance(fault, SourceUnreadable)
    assert "4 names that cannot be read: 'a' (said), 'b' (said), 'd' (said) and 1 more." in fault.message
    assert fault_of(_troubles(Cause.UNREADABLE, "new\nline"), 0, "source", "target").message.isprintable()  # type: ignore[union-attr]


def test_what_is_refused_is_a_fault_whatever_is_tolerated() -> None:
    """Where it is an owner, the next step says how root may give files away."""
    owner = Trouble("a", Cause.REFUSED, "the owner 1:2 could not be given: Operation not permitted")
    fault = fault_of([owner], 99, "source", "target")
    assert isinstance(fault, CopyFailed)
    assert "'a' (the owner 1:2" in fault.message
    assert "CAP_CHOWN" in (fault.next_step or "")
    other = fault_of(_troubles(Cause.REFUSED, "a"), 99, "source", "target")
    assert "CAP_CHOWN" not in ((other.next_step if other else "") or "")
