"""The past of a series: versions, what vanished, and growth, told from changes and manifests."""

import gzip
import os
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efs_backup.domain.snapshots.growth import top_of
from efs_backup.engine.proof.growth import growth
from efs_backup.engine.proof.manifests import CHANGES, INDEX, MANIFEST
from efs_backup.engine.proof.vanished import Vanishing
from efs_backup.engine.proof.versions import PathVersion, versions
from tests.engine.synthetic import Files, Synthetic, size_of

PATHS = [b"a", b"d/e/f", b"d/e/g", b"d/odd [name]*", "ü\n".encode(), b"d/back\\slash"]


@pytest.fixture
def series(tmp_path: Path) -> Synthetic:
    """Without a night yet."""
    return Synthetic(tmp_path / "daily")


def _told(found: list[PathVersion]) -> list[tuple[int, list[str], list[str], bool]]:
    """(the version's number, its snapshots, those that are there, whether it vanished), the oldest first."""
    return [
        (one.version.state.mtime_ns // 10**9, [*one.version.names], [*one.kept][::-1], one.version.is_gone)
        for one in reversed(found)
    ]


def _expected(series: Synthetic, path: bytes) -> list[tuple[int, list[str], list[str], bool]]:
    runs: list[tuple[int | None, list[str]]] = []
    for name, files in series.nights.items():
        if not runs or runs[-1][0] != files.get(path):
            runs.append((files.get(path), []))
        runs[-1][1].append(name)
    kept = {str(name) for name in series.kept}
    gone = [after[0] is None for after in runs[1:]] + [False]
    return [
        (version, names, [name for name in names if name in kept], is_gone)
        for (version, names), is_gone in zip(runs, gone, strict=True)
        if version
    ]


nights = st.lists(st.dictionaries(st.sampled_from(PATHS), st.integers(1, 4)), min_size=1, max_size=7)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights, st.data())
def test_whatever_happened_is_told(
    tmp_path_factory: pytest.TempPathFactory, nights: list[Files], data: st.DataObject
) -> None:
    """Versions, vanished names and growth of each path, whichever snapshots were pruned."""
    series = Synthetic.of(tmp_path_factory.mktemp("series"), nights, data)
    newest = max(series.nights)
    for path in PATHS:
        assert _own(versions(series.history(), path), path) == _expected(series, path)
    _check_vanished(series)
    _check_growth(series, newest, data.draw(st.integers(0, 3)))
    assert series.notes == []
    assert series.history().lineage.unknown() == []


def _own(found: list[PathVersion], path: bytes) -> list[tuple[int, list[str], list[str], bool]]:
    """Only those under this name, without what it was called before."""
    return _told([one for one in found if one.path == path])


def _check_vanished(series: Synthetic) -> None:
    names, kept = [*series.nights], {str(name) for name in series.kept}
    expected = dict[tuple[bytes, str], str | None]()
    for at, (before, name) in enumerate(pairwise(names)):
        for path in series.nights[before].keys() - series.nights[name].keys():
            held = [one for one in names[: at + 1] if path in series.nights[one]]
            alive = [one for one in held if all(path in series.nights[other] for other in names[names.index(one) : at])]
            expected[path, name] = max((one for one in alive if one in kept), default=None)
    found = {(one.path, one.night): one for one in Vanishing(series.history(), b"") if not one.is_directory}
    assert {key: one.still_in for key, one in found.items()} == expected
    for (path, name), one in found.items():
        later = [night for night in names if night > name and path in series.nights[night]]
        assert one.back == min(later, default=None)
        assert one.last == names[names.index(name) - 1]


def _check_growth(series: Synthetic, newest: str, depth: int) -> None:
    for then in series.nights:
        found = growth(series.history(), depth, then)
        assert found
        assert (found.then, found.now) == (then, newest)
        for row in found.rows:
            assert row.then == _sums(series.nights[then], depth).get(row.path, (0, 0))
            assert row.now == _sums(series.nights[newest], depth).get(row.path, (0, 0))
        assert {row.path for row in found.rows} == {
            path for name in (then, newest) for path in _sums(series.nights[name], depth)
        }


def _sums(files: Files, depth: int) -> dict[bytes, tuple[int, int]]:
    numbers, sizes = Counter[bytes](), Counter[bytes]()
    for path, version in files.items():
        top = top_of(path.rpartition(b"/")[0], depth)
        numbers[top] += 1
        sizes[top] += size_of(version)
    return {top: (numbers[top], sizes[top]) for top in numbers}


def test_a_renamed_file_is_followed_to_its_former_names(series: Synthetic) -> None:
    """Night after night; and what it was called next is told under the former name."""
    first = series.night({b"draft": 1, b"other": 2})
    second = series.night({b"d/letter": 1, b"other": 2})
    third = series.night({b"d/letter": 3, b"other": 2})
    fourth = series.night({b"sent/letter": 3, b"other": 2})
    found = versions(series.history(), b"sent/letter")
    assert [(one.path, one.version.names, one.was, one.becomes) for one in found] == [
        (b"sent/letter", (fourth,), b"d/letter", None),
        (b"d/letter", (third,), None, b"sent/letter"),
        (b"d/letter", (second,), b"draft", None),
        (b"draft", (first,), None, b"d/letter"),
    ]
    assert {(one.path, one.becomes) for one in Vanishing(series.history(), b"") if not one.is_directory} == {
        (b"draft", b"d/letter"), (b"d/letter", b"sent/letter"),
    }  # fmt: skip


def test_a_name_that_others_had_before_is_not_mixed_up_with_them(series: Synthetic) -> None:
    """A log is rotated: the old one went by another name, the new one took its place."""
    series.night({b"log": 1})
    series.night({b"log.1": 1, b"log": 2})
    series.night({b"log.1": 2, b"log": 3})
    assert [(one.path, one.version.state.mtime_ns // 10**9) for one in versions(series.history(), b"log")] == [
        (b"log", 3), (b"log", 2), (b"log", 1),
    ]  # fmt: skip


def test_what_is_at_and_below_a_path_has_vanished_and_nothing_beside_it(series: Synthetic) -> None:
    """Directories too; only the nights that are asked for."""
    first = series.night({b"d/e/f": 1, b"d/e.f": 1, b"d/g": 2})
    second = series.night({b"d/e.f": 1, b"d/g": 2})
    third = series.night({b"x": 3})
    below = [(one.path, one.is_directory, one.night) for one in Vanishing(series.history(), b"d/e")]
    assert below == [(b"d/e", True, second), (b"d/e/f", False, second)]
    everything = [one.path for one in Vanishing(series.history(), b"", after=first)]
    assert everything == [b"d", b"d/e.f", b"d/g", b"d/e", b"d/e/f"]
    assert [one.path for one in Vanishing(series.history(), b"", after=second)] == [b"d", b"d/e.f", b"d/g"]
    assert [*Vanishing(series.history(), b"", after=third)] == []


def test_a_snapshot_without_a_manifest_is_looked_at_itself(series: Synthetic) -> None:
    """Its hash is not known; what only it holds is found there, and what nobody can tell is said."""
    old = series.night({b"a": 1, b"old": 1}, is_proven=False)
    first = series.night({b"a": 1, b"b": 1})
    between = series.night({b"a": 1, b"b": 1, b"new": 1}, is_proven=False)
    last = series.night({b"a": 1})
    history = series.history()
    (found,) = versions(history, b"old")
    assert (found.version.names, found.version.state.sha256, found.version.until) == ((old,), "", first)
    assert [one.kept for one in versions(history, b"new")] == [(between,)]
    (vanished,) = Vanishing(history, b"b")
    assert (vanished.night, vanished.last, vanished.still_in) == (last, first, between)
    assert history.lineage.unknown() == [
        f"Nothing is stored of {old}, {between}: neither a manifest nor changes.",
        f"What changed from {old} to {first} is not known: the changes of {first} begin from nothing, or are gone.",
    ]


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 12)


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(100))


def _huge(path: Path) -> None:
    os.truncate(path, 2**40)


def _edit(path: Path) -> None:
    """Lines that no program has written."""
    lines = b"- ./x\n- ./\\9 type=file size=1\n+ ./a\n~ ./a type=file size=z mode=7\n> ./a\n+\n\n"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + lines))


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


TORN = [_truncate, _zeros, _huge, _fifo, _link]


@pytest.mark.parametrize("tear", [*TORN, _edit])
def test_torn_changes_are_said_and_taken_for_nothing(series: Synthetic, tear: Callable[[Path], None]) -> None:
    """Manifests tell what snapshots hold, all else is not known; nothing hangs, and nothing is guessed."""
    first = series.night({b"a": 1, b"b": 1, b"c": 1})
    second = series.night({b"a": 2, b"b": 1})
    third = series.night({b"a": 3})
    tear(series.manifests.file(second, CHANGES))
    assert _told(versions(series.history(), b"a")) == _expected(series, b"a")
    assert [(one.path, one.still_in) for one in Vanishing(series.history(), b"") if one.night == third] == [
        (b"b", second)
    ]
    told = [note for note in series.notes if note.startswith(f"The changes of {second} cannot be read")]
    assert told
    series.prune(second)
    assert [one.version.names for one in versions(series.history(), b"a")] == [(third,), (second,), (first,)]
    found = growth(series.history(), 0)
    assert found
    assert (found.then, found.now) == (first, third)
    series.prune(first)
    assert growth(series.history(), 0, first) == growth(series.history(), 0, second)


@pytest.mark.parametrize("tear", TORN)
@pytest.mark.parametrize("ending", [MANIFEST, INDEX])
def test_a_torn_manifest_is_said_and_the_changes_are_believed(
    series: Synthetic, ending: str, tear: Callable[[Path], None]
) -> None:
    """Growth is told from the nearest other one."""
    first = series.night({b"a": 1, b"b": 2})
    second = series.night({b"a": 1})
    tear(series.manifests.file(second, ending))
    assert _told(versions(series.history(), b"a")) == _expected(series, b"a")
    found = growth(series.history(), 2)
    assert found
    assert (found.now, found.rows[0].now) == (second, (1, 1))
    series.notes.clear()
    tear(series.manifests.file(first, ending))
    assert _told(versions(series.history(), b"a")) == _expected(series, b"a")
    growth(series.history(), 2)
    if not (tear is _zeros and ending == MANIFEST):
        assert any(note.startswith(f"The manifest of {second} cannot be read") for note in series.notes)


def test_growth_begins_where_something_is_known(series: Synthetic) -> None:
    """A time before the first manifest is answered with the first one; without a manifest there is no answer."""
    series.night({b"a": 1}, is_proven=False)
    assert growth(series.history(), 2) is None
    known = series.night({b"a": 1, b"b": 2})
    newest = series.night({b"a": 1, b"b": 3})
    for since in (None, "20200101T000000Z", known):
        found = growth(series.history(), 2, since)
        assert found
        assert (found.then, found.now, found.rows[0].grown) == (known, newest, 5)


def test_what_came_back_in_another_shape_is_said_to_be_there(series: Synthetic) -> None:
    """A file in whose place a directory is now."""
    first = series.night({b"a": 1})
    second = series.night({b"a/b": 2})
    (gone,) = Vanishing(series.history(), b"a")
    assert (gone.path, gone.night, gone.back, gone.still_in) == (b"a", second, second, first)
    kinds = [(one.version.state.kind, one.version.names) for one in versions(series.history(), b"a")]
    assert kinds == [("dir", (second,)), ("file", (first,))]
