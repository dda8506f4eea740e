"""Names brought one by one, and what becomes of what somebody else has brought."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from efs_backup.domain.copying.arrival import Cause, Fidelity, Trouble
from efs_backup.engine.rest.arrivals import Arrivals, Settled
from efs_backup.engine.trees.bring import Bringer, Brought
from efs_backup.engine.trees.tree import Tree
from tests.support.builders import A_DAY_AGO_NS, account, write

FIDELITY = Fidelity(owners=os.geteuid() == 0)


class Sides:
    """A source and a target, both open."""

    def __init__(self, place: Path) -> None:
        for name in ("source", "target"):
            (place / name).mkdir()
        self.source, self.target = Tree(place / "source"), Tree(place / "target")
        self.bringer = Bringer(self.source, self.target, FIDELITY)

    def write(self, path: str, text: str = "text", mtime_ns: int = A_DAY_AGO_NS) -> Path:
        """A file of the source."""
        return write(Path(self.source.root) / path, text, mtime_ns)

    def there(self, path: str, text: str = "text", mtime_ns: int = A_DAY_AGO_NS) -> Path:
        """A file of the target."""
        return write(Path(self.target.root) / path, text, mtime_ns)

    def settle(
        self, *paths: str, trusted: bool, keeps_remains: bool = False, bringer: Bringer | None = None
    ) -> Settled:
        """Look at these names."""
        arrivals = Arrivals(self.source, self.target, bringer or self.bringer, FIDELITY, keeps_remains=keeps_remains)
        arrivals.settle(paths, trusted=trusted)
        return arrivals.settled

    def assert_equal(self) -> None:
        """Below their roots."""
        source, target = account(Path(self.source.root)), account(Path(self.target.root))
        assert {**source, ".": None} == {**target, ".": None}


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    """Both are empty."""
    made = Sides(tmp_path)
    with made.source, made.target:
        yield made


class Failing(Bringer):
    """Nothing can be brought, for this reason."""

    def __init__(self, sides: Sides, outcome: Trouble | None) -> None:
        super().__init__(sides.source, sides.target, FIDELITY)
        self._outcome = outcome

    def bring(self, path: str, was: str | None = None) -> Brought | Trouble | None:
        """Fail."""
        return self._outcome


@pytest.mark.parametrize("trusted", [True, False])
def test_what_is_equal_is_left_alone(sides: Sides, trusted: bool) -> None:
    """Whatever was said of it."""
    sides.write("directory/one")
    inode = sides.there("directory/one").stat().st_ino
    settled = sides.settle("directory/one", trusted=trusted)
    assert (settled.brought, settled.vanished, settled.troubles) == (0, 0, [])
    assert (Path(sides.target.root) / "directory/one").stat().st_ino == inode


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("more", range(0, 9, 4))
def test_what_differs_is_brought_whoever_trusts_it(sides: Sides, trusted: bool, more: int) -> None:
    """Older, newer, of another size, or missing; one name of a directory, or many, which are looked at in a listing."""
    for name, mtime, text in (("older", -5, "text"), ("newer", 5, "text"), ("longer", 0, "longer text")):
        sides.write(f"directory/{name}")
        sides.there(f"directory/{name}", text, A_DAY_AGO_NS + mtime)
    names = ["older", "newer", "longer", "missing", *(f"more {number}" for number in range(more))]
    for name in names[3:]:
        sides.write(f"directory/{name}")
    settled = sides.settle(*(f"directory/{name}" for name in names), trusted=trusted)
    assert (settled.brought, settled.troubles) == (len(names), [])
    for name in names:
        target = Path(sides.target.root) / "directory" / name
        assert (target.read_text(), target.stat().st_mtime_ns) == ("text", A_DAY_AGO_NS)


@pytest.mark.parametrize(
    ("cause", "trusted", "mtime", "stays"),
    [
        (Cause.SHAPE, True, A_DAY_AGO_NS - 1, True),
        (Cause.SHAPE, True, A_DAY_AGO_NS + 1, False),
        (Cause.SHAPE, False, A_DAY_AGO_NS - 1, False),
        (Cause.UNREADABLE, True, A_DAY_AGO_NS - 1, False),
        (Cause.REFUSED, True, A_DAY_AGO_NS - 1, False),
    ],
)
def test_an_older_version_stays_where_a_newer_one_is_never_the_same(
    sides: Sides, cause: Cause, trusted: bool, mtime: int, stays: bool
) -> None:
    """An older version was read whole before the file changed; in all other cases nothing wrong may be published."""
    sides.write("log", "much longer")
    old = sides.there("log", "older", mtime)
    settled = sides.settle("log", trusted=trusted, bringer=Failing(sides, Trouble("log", cause, "said")))
    assert old.exists() is stays
    assert [trouble.cause for trouble in settled.troubles] == ([] if stays else [cause])


@pytest.mark.parametrize("keeps_remains", [True, False])
def test_what_cannot_be_brought_goes_from_a_partial_and_stays_in_a_live_target(
    sides: Sides, keeps_remains: bool
) -> None:
    """The one is published, and the other is used by somebody."""
    sides.write("one", "longer")
    old = sides.there("one", "older")
    outcome = Trouble("one", Cause.UNREADABLE, "said")
    settled = sides.settle("one", trusted=False, keeps_remains=keeps_remains, bringer=Failing(sides, outcome))
    assert settled.troubles == [outcome]
    assert old.exists() is keeps_remains


@pytest.mark.parametrize("keeps_remains", [True, False])
def test_a_full_directory_in_a_names_place_goes_from_a_partial_only(sides: Sides, keeps_remains: bool) -> None:
    """In a live target it is somebody's, and the name is in trouble."""
    sides.write("one")
    wrong = sides.there("one/deep/wrong")
    settled = sides.settle("one", trusted=True, keeps_remains=keeps_remains)
    assert wrong.exists() is keeps_remains
    assert [trouble.path for trouble in settled.troubles] == (["one"] if keeps_remains else [])
    if not keeps_remains:
        sides.assert_equal()


def test_a_symlink_on_the_way_is_not_followed(sides: Sides, tmp_path: Path) -> None:
    """The symlink is removed from a partial, and where it leads nothing is read, written or removed."""
    decoy = write(tmp_path / "decoy" / "one", "decoy")
    sides.write("directory/one")
    (Path(sides.target.root) / "directory").symlink_to(decoy.parent)
    settled = sides.settle("directory/one", trusted=True)
    assert (settled.brought, settled.troubles) == (1, [])
    assert (Path(sides.target.root) / "directory/one").read_text() == "text"
    assert decoy.read_text() == "decoy"
    assert os.listdir(decoy.parent) == ["one"]


def test_what_the_source_has_no_more_has_vanished(sides: Sides) -> None:
    """A file that was brought stays if it was brought in peace."""
    kept = sides.there("kept")
    assert sides.settle("kept", trusted=True).vanished == 0
    settled = sides.settle("kept", "never there", trusted=False)
    assert (settled.vanished, settled.troubles) == (2, [])
    assert not kept.exists()


def _symlink(path: Path) -> None:
    path.symlink_to("nowhere/at all")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.seek(3_000_000)
        file.write(b"end")


def _private(path: Path) -> None:
    path.write_text("secret")
    path.chmod(0o4000)


@pytest.mark.root
@pytest.mark.parametrize("make", [_symlink, _sparse, _private, os.mkfifo, Path.mkdir, Path.touch])
def test_a_name_is_brought_with_all_its_attributes(sides: Sides, make: Callable[[Path], None]) -> None:
    """Type, content, holes, mode, owner and times; a symlink's own, and not those of what it leads to."""
    path = Path(sides.source.root) / "one"
    make(path)
    mode = stat.S_IMODE(path.lstat().st_mode)
    os.chown(path, 54321, 65432, follow_symlinks=False)
    if not path.is_symlink():
        path.chmod(mode)
    os.utime(path, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS), follow_symlinks=False)
    assert isinstance(sides.bringer.bring("one"), Brought)
    made = Path(sides.target.root) / "one"
    if path.is_dir():
        assert made.is_dir()  # its attributes come last of all
    else:
        sides.assert_equal()
        assert made.lstat().st_blocks <= path.lstat().st_blocks + 128, "holes of 64 KiB and more are kept"


@pytest.mark.root
@pytest.mark.parametrize(("attribute", "call"), [("owner", "chown"), ("mode", "chmod"), ("mtime", "utime")])
def test_what_a_server_refuses_without_a_word_is_noticed(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, attribute: str, call: str
) -> None:
    """The name is not put in its place, what was there stays, and nothing is left beside it."""
    os.chown(sides.write("one"), 54321, 65432)
    old = sides.there("one", "older")
    monkeypatch.setattr(os, call, lambda *_, **__: None)
    outcome = sides.bringer.bring("one")
    monkeypatch.undo()
    assert isinstance(outcome, Trouble)
    assert outcome.cause is Cause.REFUSED
    assert attribute in outcome.text
    assert old.read_text() == "older"
    assert os.listdir(sides.target.root) == ["one"]


def test_a_path_that_no_path_can_name_is_brought(sides: Sides) -> None:
    """Longer than 4,096 bytes; both trees are gone through name by name."""
    names = ["d" * 200] * 25
    descriptor = os.open(sides.source.root, os.O_RDONLY)
    for name in names:
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    assert isinstance(sides.bringer.bring("/".join([*names, "file"])), Brought)
    directory = "/".join(names)
    assert isinstance(sides.bringer.bring(directory), Brought)


def test_a_socket_and_a_fifo_do_not_hang(sides: Sides) -> None:
    """Nobody opens them."""
    os.mkfifo(Path(sides.source.root) / "fifo")
    assert isinstance(sides.bringer.bring("fifo"), Brought)
    assert stat.S_ISFIFO((Path(sides.target.root) / "fifo").stat().st_mode)
