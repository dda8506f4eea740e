"""Patterns that are looked for, and places in snapshots."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.snapshots.glob import Glob
from efs_backup.domain.snapshots.place import Place, path_of, place_of


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("*.tex", ["a.tex", "x/.hidden.tex", "x/y/\udcff.tex"], ["a.tex/b", "a.TEX", "a.text"]),
        ("thesis", ["thesis", "a/thesis"], ["thesis.tex", "athesis"]),
        ("?", ["ü", "a/x", "\udcff"], ["", "xy"]),
        ("[ab]*", ["a", "bx"], ["c", "[ab]x"]),
        ("[*]", ["*"], ["x"]),
        ("[", ["["], ["x"]),
        ("/home", ["home"], ["x/home", "home/x"]),
        ("home/*/thesis*", ["home/alice/thesis.tex"], ["home/thesis.tex", "home/a/b/thesis", "x/home/a/thesis"]),
        ("home/**/*.tex", ["home/a.tex", "home/a/b/c.tex"], ["a.tex", "home/a.txt", "homes/a.tex"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["a/x/b", "ax"]),
        ("a/**", ["a/b", "a/.b/c"], ["a", "b/a"]),
        ("**", ["a", "a/b"], []),
        ("a/**/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a", "b"]),
        ("./home//x", ["home/x"], ["x"]),
    ],
)
def test_a_pattern_means_names_or_paths(pattern: str, fits: list[str], fits_not: list[str]) -> None:
    """A name at any depth, or with a slash a path from the root."""
    glob = Glob(pattern)
    for path in (*fits, *fits_not):
        assert glob.matches(path.encode(errors="surrogateescape")) is (path in fits), path


@pytest.mark.parametrize("pattern", ["", "/", "..", "a/../b", "."])
def test_a_pattern_that_can_match_nothing_is_refused(pattern: str) -> None:
    """A pattern that matches nothing is a mistake."""
    with pytest.raises(WrongUsage):
        Glob(pattern)


_PIECES = st.lists(st.sampled_from(["a", "b", "*", "?", "**", "a*"]), min_size=1, max_size=5).map("/".join)
_PATHS = st.lists(st.sampled_from(["a", "b", "ab", "c"]), min_size=1, max_size=5).map("/".join)


@given(_PIECES, _PATHS)
def test_what_matches_is_led_to(pattern: str, path: str) -> None:
    """A directory that is not gone into holds nothing that was meant; the plain piece is in every name."""
    glob, raw = Glob(pattern), path.encode()
    if glob.matches(raw):
        above = [raw.rsplit(b"/", times)[0] for times in range(1, raw.count(b"/") + 1)]
        assert all(map(glob.leads_into, above))
        assert glob.plain in raw.rpartition(b"/")[2]


def test_a_hostile_name_takes_no_time() -> None:
    """However many ways there are."""
    assert not Glob("*a*a*a*a*a*a*a*b").matches(b"a" * 255)
    assert not Glob("**/a/**/a/**/a/**/b").matches(b"/".join([b"a"] * 500))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/b", Place("/b")),
        ("/b:latest", Place("/b", "latest")),
        ("/b:latest/", Place("/b", "latest")),
        ("/b:3/home//./alice/", Place("/b", "3", "home/alice")),
        ("/b:yesterday 18:00/x:y", Place("/b", "yesterday 18:00", "x:y")),
        ("/b:c", Place("/b:c")),
        ("/b:c:2026-11-22T18:00+01:00/x", Place("/b:c", "2026-11-22T18:00+01:00", "x")),
        ("/none", Place("/none")),
        ("/none:latest/a:b", Place("/none", "latest", "a:b")),
    ],
)
def test_a_place_is_split_behind_the_longest_directory(text: str, place: Place) -> None:
    """A directory may have colons in its name, and a path too."""
    assert place_of(text, {"/b", "/b:c"}.__contains__) == place


@pytest.mark.parametrize("text", ["/b:", "/b:/home", "/b:latest/../x"])
def test_a_place_without_a_snapshot_is_refused(text: str) -> None:
    """An empty variable of a script is not the newest."""
    with pytest.raises(WrongUsage):
        place_of(text, {"/b"}.__contains__)


def test_what_is_said_twice_is_refused() -> None:
    """One of both would be ignored."""
    assert Place("/b").with_more("3", "/x/") == Place("/b", "3", "x")
    assert Place("/b", "3", "x").with_more(None, None) == Place("/b", "3", "x")
    for again in (("4", None), (None, "y")):
        with pytest.raises(WrongUsage, match="twice"):
            Place("/b", "3", "x").with_more(*again)
    assert path_of("/a/./b/") == "a/b"
