"""Patterns of paths in a snapshot."""

import pytest

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.asked_restore import AskedRestore, plain, without_those_below
from efs_backup.domain.requests.path_patterns import fixed_part, is_pattern, literal, matching_below, may_lead_on
from efs_backup.domain.snapshots.selection import Selection


@pytest.mark.parametrize(
    ("path", "another"),
    [("h/*", "h/a"), ("h/[a]", "h/a"), ("h/a?", "h/ab"), ("d*/f", "dx/f"), ("**/f", "a/f"), ("a[!b]]", "ac]"),
     ("[*]", "*"), ("a\\*", "a\\b"), (".*", ".a")],
)  # fmt: skip
def test_a_path_can_be_written_so_that_it_means_itself_alone(path: str, another: str) -> None:
    """Whatever marks are in it: a command that somebody copies must not bring all that it would match."""
    top, rest = fixed_part(literal(path))
    below = path.removeprefix(f"{top}/") if top else path
    assert matching_below(rest)(below)
    assert not matching_below(rest)(another.removeprefix(f"{top}/") if top else another)
    assert literal("home/alice/a.txt") == "home/alice/a.txt"


@pytest.mark.parametrize(
    ("pattern", "path", "is_meant"),
    [
        ("home/*/thesis*", "home/alice/thesis.tex", True),
        ("home/*/thesis*", "home/alice/old/thesis.tex", False),
        ("home/**/thesis*", "home/alice/old/thesis.tex", True),
        ("home/**/thesis*", "home/thesis", True),
        ("home/**", "home/.hidden/x", True),
        ("home/*", "home/.hidden", False),
        ("home/.*", "home/.hidden", True),
        ("*", "home", True),
        ("*", "home/alice", False),
        ("a[[]1]", "a[1]", True),
        ("a[*]", "a*", True),
        ("a[*]", "ab", False),
        ("a[1]", "a1", True),
        ("a?", "ab", True),
        ("/home//./*", "home/x", True),
    ],
)
def test_a_pattern_means_paths_from_the_root(pattern: str, path: str, *, is_meant: bool) -> None:
    """As a shell has it; and a directory that may hold what is meant is gone into."""
    top, rest = fixed_part(pattern)
    below = path.removeprefix(f"{top}/") if top else path
    assert matching_below(rest)(below) is is_meant
    if is_meant:
        names = below.split("/")
        assert all(may_lead_on(rest)("/".join(names[:depth])) for depth in range(1, len(names)))


@pytest.mark.parametrize(
    ("pattern", "directory", "leads_on"),
    [("home/*/thesis*", "alice", True), ("home/*/thesis*", "alice/old", False), ("a*/**/x", "b", False),
     ("a*/**/x", "ab/c/d", True), ("a*/x", "ab", True), ("a*/x", "b", False)],
)  # fmt: skip
def test_a_directory_that_can_hold_nothing_meant_is_not_gone_into(
    pattern: str, directory: str, *, leads_on: bool
) -> None:
    """A directory that is not gone into may have a million names."""
    assert may_lead_on(fixed_part(pattern)[1])(directory) is leads_on


def test_a_name_without_marks_is_no_pattern() -> None:
    """And is looked for as it is."""
    assert not is_pattern("home/alice/thesis.tex")
    assert all(map(is_pattern, ["a*", "a?", "a[b]"]))


def test_paths_below_others_add_nothing() -> None:
    """All that is in a directory comes back with it; the root is everything."""
    assert without_those_below({"a", "a/b", "ab", "c/d"}) == ("a", "ab", "c/d")
    assert without_those_below({"", "a"}) == ()
    assert plain("/a//./b/") == "a/b"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"target": "/t", "to_original": True},
        {"target": "/t", "new_path": "/n", "paths": ("a",)},
        {"new_path": "/n"},
        {"new_path": "/n", "paths": ("a", "b")},
        {"new_path": "/n/", "paths": ("a",)},
        {"new_path": "/n", "paths": ("a",), "listed": ("b",)},
        {"target": "/t", "version": 1},
        {"target": "/t", "version": 0, "paths": ("a",)},
        {"target": "/t", "version": 1, "paths": ("a",), "selection": Selection(number=1)},
        {"target": "/t", "paths": ("a/../../b",)},
        {"target": "/t", "listed": ("a/..",)},
        {"target": "/t", "listed": ()},
        {"target": "/t", "paths": ("",)},
    ],
)
def test_what_contradicts_itself_is_refused(asked: dict[str, object]) -> None:
    """An empty list above all: it must not mean everything."""
    with pytest.raises(WrongUsage):
        AskedRestore("/backup", **asked)  # type: ignore[arg-type]
