"""The names that a backup leaves out, compared with the C library's fnmatch and with git."""

import ctypes
import os
import re
import subprocess
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.excludes import ExcludePattern, matching
from tests.domain.programs import path_of, run

pytestmark = pytest.mark.programs


@pytest.mark.parametrize(
    ("text", "is_path", "is_for_directories"),
    [
        ("cache", False, False),
        ("cache/", False, True),
        ("cache//", False, True),
        ("/cache", True, False),
        ("./cache", True, False),
        (".//cache/", True, True),
        ("sub/cache", True, False),
        ("a/b/.", True, False),
        ("**/cache", True, False),
        ("**", False, False),
        ("[!a-c]x]", False, False),
        ("a|b", False, False),
    ],
)
def test_a_pattern_with_a_slash_inside_is_a_path_and_any_other_a_name(
    text: str, is_path: bool, is_for_directories: bool
) -> None:
    """However the path is spelled; with a slash at the end it is only for directories."""
    pattern = ExcludePattern(text)
    assert (pattern.is_path, pattern.is_for_directories) == (is_path, is_for_directories)


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
        ("a|b", ["a|b"], ["a", "b"]),
        ("**/x", ["x", "a/x", "a/.b/c/x"], ["x/a", "ax", "a/.x"]),
        ("**/é", ["é", "a/é"], ["e", "\udce9"]),
        ("a/**/b", ["a/b", "a/x/b", "a/.x/y/b"], ["b", "a", "a/x", "x/a/b", "a/b/c"]),
        ("a/**", ["a/b", "a/b/c", "a/.b"], ["a", "b/a"]),
        ("/**", ["a", ".a", "a/b"], []),
        ("**/a/*.b", ["a/x.b", "x/y/a/z.b"], ["a/.b", "a/x/y.b", "x.b"]),
        ("**/a/**/b", ["a/b", "x/a/y/z/b", "a/a/b/b"], ["a", "b", "x/b/a"]),
        ("a/**/**/b", ["a/b", "a/x/b"], ["ab"]),
        ("a**b", ["ab", "axxb"], ["a/b"]),
        ("**", ["a", "a/b"], [".a", "a/.b"]),
    ],
)
def test_a_pattern_is_read_as_by_a_shell(text: str, matched: list[str], others: list[str]) -> None:
    """Neither `*` nor `?` stands for a slash or a leading dot; letters are bytes; `**` is any number of directories."""
    pattern = ExcludePattern(text)
    assert [path for path in [*matched, *others] if pattern.matches(path)] == matched


def test_all_patterns_that_mean_a_path_are_told() -> None:
    """One that only means what another does as well has met something too."""
    excludes = [ExcludePattern("*.tmp"), ExcludePattern("/a.*"), ExcludePattern("b")]
    assert matching(excludes, "a.tmp") == excludes[:2]
    assert matching(excludes, "a") == []


def test_the_time_for_a_pattern_does_not_grow_with_the_ways_to_read_it() -> None:
    """A tree may be deep, and names long, because somebody means harm: no pattern takes longer than a moment."""
    deep = "/".join(["a"] * 1500)
    assert not ExcludePattern("**/a/**/a/**/a/**/a/**/b").matches(deep)
    assert not ExcludePattern("*a*a*a*a*a*a*a*a*b").matches("a" * 255)


@pytest.mark.parametrize("text", ["", "/", ".", "./", "//", "/./", "./."])
def test_a_pattern_that_names_nothing_is_refused(text: str) -> None:
    """A pattern of that kind could only mean everything."""
    with pytest.raises(WrongUsage, match="names nothing"):
        ExcludePattern(text)


@pytest.mark.parametrize("text", ["..", "../", "../a", "a/..", "a/../b", "/.."])
def test_a_pattern_that_leads_out_of_the_source_is_refused(text: str) -> None:
    """Even where it would come back in."""
    with pytest.raises(WrongUsage, match="leads out of the source"):
        ExcludePattern(text)


@pytest.mark.parametrize(("text", "letter"), [("a\\b", "\\"), ("[a\\]", "\\"), ("a\0b", "\0")])
def test_a_pattern_with_a_letter_that_is_read_in_several_ways_is_refused(text: str, letter: str) -> None:
    """The sentence says which it is and what may be used."""
    with pytest.raises(WrongUsage, match=re.escape(f"holds {letter!r}; use only *, **, ? and [...].")):
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


def test_a_pattern_that_would_take_another_back_is_refused() -> None:
    """In a .gitignore it is kept then; as a name it would be lost. The sentence says how to write the name."""
    with pytest.raises(WrongUsage, match=re.escape("write '**/!keep.log'")):
        ExcludePattern("!keep.log")
    assert ExcludePattern("**/!keep.log").matches("a/!keep.log")


_LETTERS = "ab.-~"
_RANGES = st.builds(lambda ends: f"[{min(ends)}-{max(ends)}]", st.tuples(*[st.sampled_from("abc")] * 2))
_SETS = st.builds("[{}{}]".format, st.sampled_from(["a", "!"]), st.text("abc.~-", min_size=1, max_size=3))
_NAMES = st.lists(st.sampled_from([*_LETTERS, *"*?"]) | _RANGES | _SETS, min_size=1, max_size=4).map("".join)


def _is_accepted(text: str) -> bool:
    try:
        ExcludePattern(text)
    except WrongUsage:
        return False
    return True


_PATTERNS = (
    (_NAMES | st.lists(_NAMES, min_size=2, max_size=3).map("/".join) | st.text("ab.-*?[]!^/\n", max_size=8))
    .filter(_is_accepted)
    .filter(lambda text: "**" not in text.split("/"))
)
_C_LIBRARY = ctypes.CDLL(None)
_FNM_PATHNAME, _FNM_PERIOD = 1 << 0, 1 << 2
_PATHS = st.lists(
    st.text(_LETTERS + "\n", min_size=1, max_size=6).filter(lambda name: name not in {".", ".."}),
    min_size=1,
    max_size=3,
).map("/".join)


@given(_PATTERNS, _PATHS)
def test_a_pattern_without_any_directories_is_read_as_by_the_c_library(text: str, path: str) -> None:
    """As fnmatch(3) reads it for the bare name, or for the path."""
    pattern = ExcludePattern(text)
    components = [part for part in text.split("/") if part not in {"", "."}]
    asked = path if pattern.is_path else path.rpartition("/")[2]
    answer = _C_LIBRARY.fnmatch(os.fsencode("/".join(components)), os.fsencode(asked), _FNM_PATHNAME | _FNM_PERIOD)
    assert pattern.matches(path) == (answer == 0)


_FILES = ("a", "ab", "b.a", "-", "é", "\udcff", "a b", "x")
_DIRECTORIES = ("a1", "b", "c.d")
_PLACES = ["", *(("/".join(place)) for depth in (1, 2, 3) for place in product(_DIRECTORIES, repeat=depth))]
_TREE = {
    **dict.fromkeys(_PLACES[1:], True),
    **{os.path.join(place, name): False for place in _PLACES for name in _FILES},
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same names in many directories, and git's eyes on them."""
    root = tmp_path_factory.mktemp("repository")
    for path, is_directory in _TREE.items():
        (root / path).mkdir() if is_directory else (root / path).touch()
    assert run(path_of("git"), "init", "-q", root).code == 0
    return root


def _ignored(repository: Path, pattern: str) -> set[str]:
    (repository / ".git" / "info" / "exclude").write_bytes(os.fsencode(f"{pattern}\n"))
    asked = b"".join(os.fsencode(path) + b"\0" for path in _TREE)
    done = subprocess.run(
        [path_of("git"), "check-ignore", "--no-index", "--stdin", "-z"],
        cwd=repository, input=asked, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done
    return {os.fsdecode(path) for path in done.stdout.split(b"\0") if path}


def _left_out(pattern: ExcludePattern) -> set[str]:
    by_itself = {
        path for path, is_directory in _TREE.items()
        if pattern.matches(path) and (is_directory or not pattern.is_for_directories)
    }  # fmt: skip
    return {path for path in _TREE if any("/".join(path.split("/")[:depth]) in by_itself for depth in range(1, 6))}


_COMPONENTS = st.sampled_from(["**", "*", "a", "a1", "b", "?", "[ab]*", "[!a]*", "*.*", "x", "é"])


@given(
    st.lists(_COMPONENTS, min_size=1, max_size=4).map("/".join), st.sampled_from(["", "/"]), st.sampled_from(["", "/"])
)
@example("**/x", "", "")
@example("**/b", "", "/")
@example("a1/**/x", "", "")
@example("a1/**", "", "")
@example("b", "/", "")
def test_what_git_ignores_is_left_out(repository: Path, middle: str, before: str, after: str) -> None:
    """Names, paths, `**` and a slash at the end mean what people know from a .gitignore."""
    text = f"{before}{middle}{after}"
    assert _left_out(ExcludePattern(text)) == _ignored(repository, text)
