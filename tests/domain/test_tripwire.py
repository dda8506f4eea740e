"""The tripwire: the rule, what it is asked with, and how often it would be wrong."""

import random
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from efs_backup.domain.snapshots.file_changes import FileTally, Sample, extension_of, is_same_content
from efs_backup.domain.snapshots.tripwire import FEWEST_FILES, FIRST_NIGHTS, Alarm, NightFigures, judge, not_compared

CALM = [0.01] * 30


def _night(share: float, files: int = 10_000) -> NightFigures:
    return NightFigures(files, changed=round(share * files))


@pytest.mark.parametrize(
    ("share", "shares", "trips"),
    [
        (0.50, CALM, True),
        (0.60, [], True),
        (0.49, [], False),
        (0.49, CALM[: FIRST_NIGHTS - 1], False),
        (0.20, CALM[:FIRST_NIGHTS], True),
        (0.19, CALM, False),
        (0.30, [*CALM, 0.4], True),
        (0.30, [*CALM, 0.4, 0.1], False),
        (0.31, [*CALM, 0.4, 0.1], True),
        (0.30, [0.4, 0.4, *[0.01] * 60], True),
        (0.60, [0.7, *CALM], True),
        (0.60, [0.7, 0.01, 0.01, 0.01] * 3, False),
        (0.60, [0.7] * (FIRST_NIGHTS - 1), True),
    ],
)
def test_half_trips_and_a_fifth_where_nothing_was_like_it(share: float, shares: list[float], trips: bool) -> None:
    """More than three times the second largest of 60 nights; the higher floor alone in the first 7.

    Above that floor unless such nights are usual: a quarter of those before.
    """
    assert judge(_night(share), shares).trips is trips


def test_a_small_change_never_trips() -> None:
    """Below 200 files touched, however small the tree is."""
    assert not judge(NightFigures(FEWEST_FILES - 1, removed=FEWEST_FILES - 1), CALM).trips
    assert judge(NightFigures(FEWEST_FILES, removed=FEWEST_FILES), CALM).trips


def test_renames_trip_only_to_one_new_extension() -> None:
    """A renamed directory renames everything in it."""
    assert not judge(NightFigures(1000, renamed=1000), CALM).trips
    verdict = judge(NightFigures(1000, renamed=1000, extension="locked", extended=200), CALM)
    assert verdict.trips
    assert verdict.reason == "200 of 1,000 files (20 %) were renamed to .locked"
    assert not judge(NightFigures(1000, renamed=1000, extension="locked", extended=200), []).trips
    assert judge(NightFigures(1000, renamed=1000, extension="locked", extended=500), []).trips


def test_attributes_alone_never_trip() -> None:
    """As of `chmod -R`; they are counted."""
    assert judge(NightFigures(1000, attributes=1000), CALM).alarm is Alarm.CALM


def test_a_verdict_tells_its_figures() -> None:
    """And no comparison is never a good word."""
    verdict = judge(NightFigures(1000, changed=300, removed=50), [*CALM, 0.02, 0.08])
    assert verdict.reason == (
        "35 % of 1,000 files changed or went (300 with another content, 50 gone); the second largest share of the last"
        " 32 nights was 2 %"
    )
    assert not_compared("nothing is there").alarm is Alarm.NOT_COMPARED
    assert not_compared("nothing is there").reason == "No comparison tonight: nothing is there."


def _line(word: str, path: str, *, size: int = 1000, time: int = 1, sha: str = "aa", more: str = "") -> bytes:
    known = f" sha256digest={sha}" if sha else ""
    facts = f"type=file mode=0644 uid=0 gid=0 time={time}.000000000 size={size}{known}{more}"
    return f"{word} ./{path} {facts} inode=7".encode()


def _link(word: str, target: str, *, time: int = 1) -> bytes:
    return f"{word} ./l type=link mode=0777 uid=0 gid=0 time={time}.000000000 link={target} inode=7".encode()


def _tallied(*lines: bytes) -> FileTally:
    tally = FileTally()
    for line in lines:
        tally.add(line)
    return tally


def _changed(number: int, *, was: str = "aa", now: str = "bb") -> list[bytes]:
    path = f"home/alice/deep/{number}.txt"
    return [_line("~", path, sha=now), _line("<", path, sha=was)]


def test_lines_of_changes_are_counted_by_what_became_of_each_file() -> None:
    """Directories are no files; a file of another mode is not of another content."""
    figures = _tallied(
        *_changed(1), *_changed(2, now="aa"),
        b"~ ./d type=dir mode=0700 uid=0 gid=0 time=1.0", b"< ./d type=dir mode=0755 uid=0 gid=0 time=1.0",
        b"- ./e type=dir mode=0700 uid=0 gid=0 time=1.0", b"+ ./f type=dir mode=0700 uid=0 gid=0 time=1.0",
        _line("-", "gone", sha="01"), _line("-", "old/name.doc", sha="02"), _line("+", "new/name.doc", sha="02"),
        _line("+", "another", sha="03"), b"> ./old/name.doc ./new/name.doc",
    ).figures(10)  # fmt: skip
    assert figures == NightFigures(10, changed=1, removed=1, renamed=1, attributes=1)
    assert figures.share == 0.2


@pytest.mark.parametrize(
    ("now", "was", "same"),
    [
        (_line("~", "a", sha="01", time=2), _line("<", "a", sha="01", time=1), True),
        (_line("~", "a", sha="01"), _line("<", "a", sha="02"), False),
        (_line("~", "a", sha=""), _line("<", "a", sha="02"), True),
        (_line("~", "a", sha="", time=2), _line("<", "a", sha="02"), False),
        (_line("~", "a", sha="", size=2), _line("<", "a", sha=""), False),
        (_line("~", "a"), _line("<", "a", sha="").replace(b"type=file", b"type=fifo"), False),
        (
            b"~ ./l type=link mode=0777 time=2.0 link=a inode=1",
            b"< ./l type=link mode=0777 time=1.0 link=a inode=2",
            True,
        ),
        (
            b"~ ./l type=link mode=0777 time=1.0 link=b inode=1",
            b"< ./l type=link mode=0777 time=1.0 link=a inode=1",
            False,
        ),
    ],
)
def test_contents_are_the_same_by_their_hashes_else_by_size_and_time(now: bytes, was: bytes, *, same: bool) -> None:
    """And of another type nothing is the same."""
    assert is_same_content(now, was) is same


def test_a_renamed_directory_is_renamed_files_also_where_contents_are_many_times_there() -> None:
    """Empty files of one second are all of one content; symlinks have no hash."""
    moved = [_line(word, f"{top}/{n}", size=0, sha="e3") for word, top in (("-", "a"), ("+", "b")) for n in range(500)]
    links = [
        f"{word} ./{top}/l{n} type=link mode=0777 uid=0 gid=0 time=1.0 link=x{n} inode={n}".encode()
        for word, top in (("-", "a"), ("+", "b")) for n in range(500)
    ]  # fmt: skip
    assert _tallied(*moved, *links).figures(1000) == NightFigures(1000, renamed=1000)


def test_a_file_whose_hash_nobody_knows_is_found_again_by_size_and_time() -> None:
    """A series of an earlier version has no hashes; what is renamed is copied, and has one."""
    lines = [_line("-", f"a/{n}", size=n, sha="") for n in range(300)]
    lines += [_line("+", f"b/{n}", size=n, sha=f"{n:04x}") for n in range(300)]
    assert _tallied(*lines).figures(300) == NightFigures(300, renamed=300)
    other = [_line("-", "a", sha="01"), _line("+", "b", sha="02")]
    assert _tallied(*other).figures(1) == NightFigures(1, removed=1), "known hashes tell more than size and time"


def test_renames_to_a_new_extension_are_counted_by_it() -> None:
    """Of each content, as many as have an extension that it had not before."""
    lines = [_line("-", f"a/{n}.txt", sha=f"{n:04x}") for n in range(300)]
    lines += [_line("+", f"a/{n}.txt.LOCKED", sha=f"{n:04x}") for n in range(250)]
    lines += [_line("+", f"b/{n}.txt", sha=f"{n:04x}") for n in range(250, 300)]
    assert _tallied(*lines).figures(300) == NightFigures(300, renamed=300, extension="locked", extended=250)


def test_what_may_be_worth_a_look_is_named_and_bounded() -> None:
    """Directories by two names, extensions that nothing had before, and small files spread over all."""
    lines = [line for n in range(5000) for line in _changed(n)]
    lines += [_line("-", f"x{n % 7}/{n}.doc", sha=f"{n:05x}") for n in range(700)]
    lines += [_line("+", f"x{n % 7}/{n}.doc.enc", sha=f"{n + 10_000:05x}") for n in range(700)]
    lines += [_line("+", "a.txt", sha="0b"), _line("-", "huge", size=2**30), _line("-", "tiny", size=10)]
    tally = _tallied(*lines)
    assert tally.directories()[:2] == [(b"home/alice", 5000), (b"x0", 100)]
    assert tally.new_extensions() == [(b"enc", 700)]
    for sample in tally.samples.values():
        assert 250 <= len(sample.names) <= 500
        assert len({*sample.names}) == len(sample.names)
        assert not {b"./huge", b"./tiny"} & {*sample.names}


@pytest.mark.parametrize("offered", [0, 1, 499, 500, 501, 1000, 1001, 12_345])
def test_a_sample_is_spread_over_all(offered: int) -> None:
    """From the first to the last, in equal steps."""
    sample = Sample()
    for number in range(offered):
        sample.offer(b"%d" % number)
    numbers = [*map(int, sample.names)]
    assert min(offered, 250) <= len(numbers) <= 500
    assert len({after - before for before, after in pairwise(numbers)}) <= 1


@pytest.mark.parametrize(
    ("path", "extension"),
    [
        (b"./a/b.txt", b"txt"), (b"./a.d/b", b""), (b"./a/.bashrc", b""), (b"./b.TXT", b"txt"), (b"./b.", b""),
        (b"./a/report.v2.pdf", b"pdf"), (b"./what is longer than.an extension can be", b"")
    ],
)  # fmt: skip
def test_the_extension_of_a_name_is_what_people_call_so(path: bytes, extension: bytes) -> None:
    """A name that only begins with a dot has none."""
    assert extension_of(path) == extension


Nights = Callable[[random.Random], Iterator[float]]

_MEDIAN, _SPREAD = 0.0044, 1.0
"""Of a lognormal night: with these, the rules of docs/how-to/mass-change.md come out as they were simulated first."""


def _nights(*, weekly: bool = False, monthly: bool = False, releases: bool = False) -> Nights:
    """Shares of a tree: lognormal nights; a weekly job of six times as much, month ends, a release every 60 nights."""

    def shares(chance: random.Random) -> Iterator[float]:
        for night in range(730):
            share = _MEDIAN * chance.lognormvariate(0, _SPREAD)
            share *= 6 if weekly and night % 7 == 6 else 1
            share += chance.uniform(0.02, 0.15) if monthly and night % 30 == 29 else 0
            share += chance.uniform(0.05, 0.60) if releases and night % 60 == 44 else 0
            yield min(share, 1.0)

    return shares


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing is kept secret


_PLAIN, _ALL = _nights(), _nights(weekly=True, monthly=True, releases=True)


def _alarms(nights: Nights, trees: int = 40) -> float:
    """Alarms a year of one tree."""
    alarms = 0
    for tree in range(trees):
        before = list[float]()
        for share in nights(_chance(tree)):
            alarms += judge(_night(share), before).trips
            before = [*before[-59:], share]
    return alarms / trees / 2


@pytest.mark.parametrize(
    ("nights", "least", "most"),
    [
        (_PLAIN, 0.0, 0.1),
        (_nights(weekly=True), 0.0, 0.9),
        (_nights(monthly=True), 0.0, 0.1),
        (_nights(releases=True), 3.0, 4.8),
        (_ALL, 2.0, 2.99),
    ],
    ids=["plain", "weekly", "month-end", "releases", "all"],
)
def test_calm_trees_cry_wolf_less_than_three_times_a_year(nights: Nights, least: float, most: float) -> None:
    """Two simulated years of 40 trees; what remains are releases, which did rewrite a third of the tree.

    Where nothing else happens a release stands out more.
    """
    assert least <= _alarms(nights) <= most


def _caught(nights: Nights, attack: float, trees: int = 80) -> float:
    """The part of attacks, of one night each, that trip."""
    caught = 0
    for tree in range(trees):
        chance = _chance(1000 + tree)
        shares = [*nights(chance)]
        night = chance.randrange(100, 700)
        caught += judge(_night(min(1.0, shares[night] + attack)), shares[night - 60 : night]).trips
    return caught / trees


@pytest.mark.parametrize(
    ("attack", "plain", "with_all"),
    [(0.1, (0.0, 0.05), (0.0, 0.1)), (0.3, (0.95, 1.0), (0.1, 0.7)), (0.6, (1.0, 1.0), (1.0, 1.0))],
)
def test_a_mass_change_is_caught(attack: float, plain: tuple[float, float], with_all: tuple[float, float]) -> None:
    """60 % of a tree in one night in any tree; 30 % where nights like that are not usual; 10 % hardly ever."""
    assert plain[0] <= _caught(_PLAIN, attack) <= plain[1]
    assert with_all[0] <= _caught(_ALL, attack) <= with_all[1]


def test_a_slow_attack_is_not_caught() -> None:
    """1 % a night: said in docs/how-to/mass-change.md; rules that reach far back are the answer."""
    before = list[float]()
    for _ in range(100):
        assert not judge(_night(0.01), before).trips
        before.append(0.01)
