"""What a backup leaves out, compared with the real fpart."""

import ctypes
import os
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.excludes import ExcludePattern, is_left_out
from tests.domain.programs import crawl


@pytest.mark.parametrize(
    ("text", "is_path", "for_fpart"),
    [
        ("cache", False, "cache"),
        ("cache/", False, "cache"),
        ("cache//", False, "cache"),
        ("/cache", True, "./cache"),
        ("./cache", True, "./cache"),
        (".//cache/", True, "./cache"),
        ("sub/cache", True, "./sub/cache"),
        ("sub//cache", True, "./sub/cache"),
        ("a/./b", True, "./a/b"),
        ("a/b/.", True, "./a/b"),
        ("*", False, "*"),
        (".*", False, ".?*"),
        (".**", False, ".?*"),
        (".*/", False, ".?*"),
        (".*a", False, ".*a"),
        (".?*", False, ".?*"),
        ("/.*", True, "./.*"),
        ("...", False, "..."),
        ("[!a-c]x]", False, "[!a-c]x]"),
        ("-dash", False, "-dash"),
        ("a b", False, "a b"),
    ],
)
def test_a_pattern_with_a_slash_inside_is_a_path_and_any_other_a_name(text: str, is_path: bool, for_fpart: str) -> None:
    """However the path is spelled; fpart never gets one for every hidden name, for it would match the root."""
    pattern = ExcludePattern(text)
    assert (pattern.is_path, pattern.for_fpart) == (is_path, for_fpart)


@pytest.mark.parametrize(
    ("text", "matched", "others"),
    [
        ("cache", ["cache", "sub/cache", ".a/b/cache"], ["caches", "Cache", "cache/a", "a/.cache"]),
        ("cache/", ["cache", "sub/cache"], ["cache/a"]),
        ("./cache", ["cache"], ["sub/cache", "cache/a"]),
        ("sub//cache", ["sub/cache"], ["cache", "a/sub/cache", "sub/cache/a", "sub/a/cache"]),
        ("a/./b", ["a/b"], ["a", "b", "a/./b", "a/x/b"]),
        ("*.tmp", ["a.tmp", "sub/a.tmp"], [".tmp", ".a.tmp", "sub/.tmp", "a.tmp/b"]),
        ("?x", ["ax", "a/ax"], [".x", "a/.x", "x", "aax"]),
        ("*", ["a", "a/b", ".a/b"], [".a", "a/.b"]),
        (".*", [".a", "a/.b", "...", ".a "], ["a", "a.b", ".a/b"]),
        ("/.*", [".a"], ["a/.b", "a"]),
        ("sub/*", ["sub/a", "sub/a.b"], ["sub", "sub/a/b", "sub/.a", "a/sub/b"]),
        ("*/cache", ["sub/cache"], ["cache", ".sub/cache", "a/sub/cache"]),
        ("*/*", ["a/b"], ["a", "a/b/c", "a/.b", ".a/b"]),
        ("[!a]b", ["bb", "a/bb"], ["ab", ".b"]),
        ("[.]b", [], [".b", "b"]),
        (".[.a]", [".a", "a/.."], [".b"]),
        ("[a-c]", ["a", "b", "x/c"], ["d", "-", "ab"]),
        ("caf?", ["caf\udce9"], ["café", "caf"]),
        ("caf??", ["café"], ["caf\udce9"]),
        ("a*", ["a\n", "a\nb"], ["b\na"]),
    ],
)
def test_a_pattern_is_read_as_by_a_shell(text: str, matched: list[str], others: list[str]) -> None:
    """Neither `*` nor `?` stands for a slash or a leading dot; letters are bytes."""
    pattern = ExcludePattern(text)
    assert [path for path in [*matched, *others] if pattern.matches(path)] == matched


def test_what_one_of_several_patterns_matches_is_left_out() -> None:
    """Without patterns nothing is."""
    excludes = [ExcludePattern("*.tmp"), ExcludePattern("/cache")]
    paths = ["a.tmp", "cache", "sub/cache", "sub/a.tmp", "a"]
    assert [path for path in paths if is_left_out(excludes, path)] == ["a.tmp", "cache", "sub/a.tmp"]
    assert not any(is_left_out([], path) for path in paths)


@pytest.mark.parametrize("text", ["", "/", ".", "./", "//", "/./", "./."])
def test_a_pattern_that_names_nothing_is_refused(text: str) -> None:
    """It could only mean everything."""
    with pytest.raises(WrongUsage, match="names nothing"):
        ExcludePattern(text)


@pytest.mark.parametrize("text", ["..", "../", "../a", "a/..", "a/../b", "/.."])
def test_a_pattern_that_leads_out_of_the_source_is_refused(text: str) -> None:
    """Even where it would come back in."""
    with pytest.raises(WrongUsage, match="leads out of the source"):
        ExcludePattern(text)


@pytest.mark.parametrize(("text", "letter"), [("a|b", "|"), ("a\\b", "\\"), ("[a\\]", "\\"), ("a\0b", "\0")])
def test_a_pattern_with_a_letter_that_cannot_be_handed_on_is_refused(text: str, letter: str) -> None:
    """The sentence says which it is and what may be used."""
    with pytest.raises(WrongUsage, match=re.escape(f"holds {letter!r}; use only *, ? and [...].")):
        ExcludePattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "[", "a[", "[a", "[]", "[!]", "[]a]", "[!]a]", "[a/b]", "[^a]", "[!^a]", "[!!a]", "[[]", "[a[]", "[[:alpha:]]",
        "[[.a.]]", "[[=a=]]", "[z-a]", "[az-a]", "x/[b-a]", "[a][z-a]", "[!c-a]", "[é-a]",
    ],
)  # fmt: skip
def test_brackets_that_are_read_in_several_ways_are_refused(text: str) -> None:
    """A `^` negates for the C library and is a letter for Python; the sentence says what may be written instead."""
    with pytest.raises(WrongUsage, match=re.escape("[abc], [a-c] or [!abc]")):
        ExcludePattern(text)


def _is_accepted(text: str) -> bool:
    try:
        ExcludePattern(text)
    except WrongUsage:
        return False
    return True


_LETTERS = "ab.-~"
_RANGES = st.builds(lambda ends: f"[{min(ends)}-{max(ends)}]", st.tuples(*[st.sampled_from("abc")] * 2))
_SETS = st.builds("[{}{}]".format, st.sampled_from(["a", "!"]), st.text("abc.~-", min_size=1, max_size=3))
_PIECES = st.sampled_from([*_LETTERS, *"*?//"]) | _RANGES | _SETS
_PATTERNS = (st.lists(_PIECES, min_size=1, max_size=6).map("".join) | st.text("ab.-*?[]!^/\n", max_size=8)).filter(
    _is_accepted
)

_DIRECTORIES = ("a", ".b", "a.", "ba", "--")
_FILES = sorted(
    {"".join(letters) for size in (1, 2) for letters in product(_LETTERS, repeat=size)} - {".", "..", *_DIRECTORIES}
    | {"...", ".a.b", "a.tmp", "*", "?", "[a]", "!", "^", "]", "\\", "|", "\n", "a\nb", "é", "\udcff", "a b"}
)
_PLACES = ["", *_DIRECTORIES, *map("/".join, product(_DIRECTORIES, repeat=2))]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same many short names in many directories."""
    root = tmp_path_factory.mktemp("tree")
    for place in _PLACES:
        (root / place).mkdir(exist_ok=True)
        for name in _FILES:
            (root / place / name).touch()
    return root


def _with_what_is_above(path: str) -> Iterator[str]:
    names = path.split("/")
    return ("/".join(names[:depth]) for depth in range(1, len(names) + 1))


@given(_PATTERNS)
@example(".*")
@example(".**")
@example("/.*")
@example("*/*")
@example("./a//./.b/")
@example("a/.b/[!.]?")
@example("[!a-b]")
def test_fpart_leaves_out_exactly_what_is_matched(tree: Path, text: str) -> None:
    """And all that is below: crawl and check agree on every path."""
    pattern = ExcludePattern(text)
    paths = (os.path.join(place, name) for place in _PLACES for name in _FILES)
    kept = {f"./{path}" for path in paths if not any(map(pattern.matches, _with_what_is_above(path)))}
    assert {entry for entry in crawl(tree, "-x", pattern.for_fpart) if not entry.endswith("/")} == kept


_C_LIBRARY = ctypes.CDLL(None)
_FNM_PATHNAME, _FNM_PERIOD = 1 << 0, 1 << 2
_PATHS = st.lists(
    st.text(_LETTERS + "\n", min_size=1, max_size=6).filter(lambda name: name not in {".", ".."}),
    min_size=1,
    max_size=3,
).map("/".join)


@given(_PATTERNS, _PATHS)
def test_a_pattern_is_read_as_by_the_c_library(text: str, path: str) -> None:
    """More names than fpart can be shown: it asks fnmatch(3) about the bare name and about the path."""
    pattern = ExcludePattern(text)
    asked = f"./{path}" if pattern.is_path else path.rpartition("/")[2]
    answer = _C_LIBRARY.fnmatch(os.fsencode(pattern.for_fpart), os.fsencode(asked), _FNM_PATHNAME | _FNM_PERIOD)
    assert pattern.matches(path) == (answer == 0)
