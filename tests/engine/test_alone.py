"""The files that each snapshot holds alone."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efs_backup.engine.proof.alone import ManifestPlace, held_alone
from efs_backup.engine.proof.manifests import MANIFEST
from tests.engine.synthetic import Files, Synthetic, size_of

_PATHS = [b"a", b"d/e/f", b"d/e/g", b"other/b"]
_nights = st.lists(st.dictionaries(st.sampled_from(_PATHS), st.integers(1, 3), min_size=1), min_size=1, max_size=6)


def _alone(series: Synthetic) -> dict[str, tuple[int, int]]:
    places = [ManifestPlace(series.manifests, str(name)) for name in series.kept]
    return {place.name: (one.files, one.size) for place, one in held_alone(places).items()}


def _expected(series: Synthetic) -> dict[str, tuple[int, int]]:
    """The same by sets; in these series a version is an inode, wherever it lies."""
    held = {str(name): {*series.nights[str(name)].values()} for name in series.kept}
    own = {
        name: inodes.difference(*(other for one, other in held.items() if one != name)) for name, inodes in held.items()
    }
    return {name: (len(inodes), sum(map(size_of, inodes))) for name, inodes in own.items()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_nights, st.data())
def test_what_is_told_is_what_no_other_snapshot_has(
    tmp_path_factory: pytest.TempPathFactory, nights: list[Files], data: st.DataObject
) -> None:
    """Whatever came, went and came back, under one name or several, and whatever was pruned."""
    series = Synthetic.of(tmp_path_factory.mktemp("series"), nights, data)
    assert _alone(series) == _expected(series)


def test_a_manifest_that_is_torn_is_an_error(tmp_path: Path) -> None:
    """And no wrong number."""
    series = Synthetic(tmp_path / "daily")
    name = series.night({b"a": 1, b"d/b": 2})
    series.night({b"a": 2, b"d/b": 2})
    manifest = series.manifests.file(name, MANIFEST)
    content = manifest.read_bytes()
    manifest.write_bytes(content[:40] + b"\0" * (len(content) - 40))
    with pytest.raises(ValueError, match="gzip"):
        _alone(series)
