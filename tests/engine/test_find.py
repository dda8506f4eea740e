"""Names found in manifests, in changes, and by a walk, held against what is really there."""

import random
from pathlib import Path

import pytest

from efs_backup.domain.snapshots.glob import Glob
from efs_backup.engine.proof.find import Changed, find_in_manifest, find_in_tree
from efs_backup.engine.proof.reader import reading
from efs_backup.engine.trees.tree import Tree
from tests.engine.synthetic import Files, Synthetic

PATHS = [b"a", b"b/a.tex", b"b/c.tex", b"b/d/e.tex", b"b/d/f", b"g/*.tex", b"g/ x\ny.tex", b"g/h/[i].tex"]
PATTERNS = ["**", "*.tex", "b/**", "b/*", "b/d/", "*/", "g/h/*", "[*].tex", "nothing"]


@pytest.fixture
def series(tmp_path: Path) -> Synthetic:
    """Twelve nights of a few files that come, change and go."""
    chance, made = random.Random(18), Synthetic(tmp_path)  # noqa: S311 - the same each time
    files: Files = {}
    for _ in range(12):
        files = {path: version for path, version in files.items() if chance.random() > 0.2} | {
            path: chance.randrange(1, 9) for path in PATHS if chance.random() < 0.3
        }
        made.night(files)
    return made


def _names(files: Files) -> set[bytes]:
    above = {path[:at] for path in files for at in range(len(path)) if path[at : at + 1] == b"/"}
    return {*files, *above}


def _refuse(_path: str, error: OSError) -> None:
    raise error


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_manifest_and_a_walk_have_what_is_there(series: Synthetic, pattern: str) -> None:
    """Each name that matches, once, with its type and size."""
    glob = Glob(pattern)
    for name, path in series.kept.items():
        files = series.nights[str(name)]
        wanted = {one for one in _names(files) if glob.matches(one) and not (glob.is_for_directories and one in files)}
        with reading(series.manifests, name) as reader, Tree(path) as tree:
            told, seen = [*find_in_manifest(reader, glob)], [*find_in_tree(tree, glob, _refuse)]
        assert sorted(one.path for one in told) == sorted(one.path for one in seen) == sorted(wanted)
        assert {one.path: (one.state.kind, one.state.size) for one in told} == {
            one.path: (one.state.kind, one.state.size) for one in seen
        }


def test_what_changed_is_told_once_with_its_newest_night(series: Synthetic) -> None:
    """All that is other than it was, and nothing that is not there."""
    nights = [*series.nights]
    for end in range(1, 12, 3):
        for start in range(end):
            found = [*Changed(series.history(), nights[end], nights[start], Glob("**"))]
            told = {one.path: one.night for one in found if not one.is_directory}
            old, new = series.nights[nights[start]], series.nights[nights[end]]
            assert len(found) == len({one.path for one in found})
            assert {path for path in new if new[path] != old.get(path)} <= told.keys() <= new.keys()
            for path, night in told.items():
                at = nights.index(str(night))
                versions = [series.nights[name].get(path) for name in nights[at - 1 : end + 1]]
                assert versions[0] != versions[1]
                assert len({*versions[1:]}) == 1
