"""The packages that are given away with the command and the bundle may be given away."""

import re
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from deployment.licences import licences_of, texts_of, told

REPOSITORY = Path(__file__).parents[2]
_PERMISSIVE = re.compile(r"\b(?:Apache|BSD|MIT|0BSD|ISC|PSF)\b")
_OTHER = re.compile(r"GPL|AGPL|MPL|EUPL|Proprietary")
_PACKED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)


def _packed() -> list[str]:
    """The packages of the command, and of the bundle that an instance installs."""
    files = (REPOSITORY / "deployment" / name for name in ("locked/runtime.txt", "wheelhouse.txt"))
    return sorted({name for file in files for name in _PACKED.findall(file.read_text())})


@pytest.mark.parametrize("name", _packed())
def test_each_package_that_is_given_away_has_a_permissive_licence(name: str) -> None:
    """A new one with other terms is a decision, and not an accident."""
    found = " or ".join(licences_of(Distribution.from_name(name)))
    assert _PERMISSIVE.search(found), found
    assert not _OTHER.search(found), found


def test_the_list_has_the_texts() -> None:
    """A licence asks that its words go along."""
    click = Distribution.from_name("click")
    assert "Redistribution and use" in texts_of(click)[0]
    assert f"click {click.version}: BSD-3-Clause\n" in told([click])
    assert "Redistribution and use" in told([click])


def test_the_command_needs_what_is_locked_for_it_and_nothing_of_aws() -> None:
    """The one file and the Debian package are small, and for every processor."""
    names = set(_PACKED.findall((REPOSITORY / "deployment" / "locked" / "runtime.txt").read_text()))
    assert names == {"click", "markdown-it-py", "mdurl", "pygments", "rich"}
