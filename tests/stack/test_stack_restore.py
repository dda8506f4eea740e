"""A restore into the source of a stack, asked for from a terminal."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.selection import Selection
from tests.stack.described import NAME, Ask, describe, outputs_of
from tests.stack.operating import PARAMETERS, Operator, answering
from tests.support.cloud import Cloud, a_stack
from tests.support.leave import a_leave

_FILE = ("restore", "--path", "/home/alice/thesis.tex", "--to-original")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a stack that may restore into its source, and answers."""
    with a_stack(monkeypatch.setenv) as made, a_leave(monkeypatch.setenv), answering(made):
        describe(NAME, outputs_of(made), **PARAMETERS, RestoreInPlace="Yes")
        describe("careful", outputs_of(made), **PARAMETERS, RestoreInPlace="No")
        yield made


@pytest.fixture
def operator(cloud: Cloud, ask: Ask) -> Operator:
    """Its operator."""
    return Operator(cloud, ask)


def _order(record: BackupRecord) -> RestoreOrder:
    return RestoreOrder.of_text(str(record.restore_order))


def _ends(cloud: Cloud, status: BackupStatus = BackupStatus.SUCCESS, quarantine: str | None = "/.quarantine-T") -> None:
    """The agent says how the restore has ended, and goes home."""
    restore = cloud.newest()
    cloud.agent_claims(restore.backup_id)
    before = cloud.store.get(restore.backup_id)
    ended = before.ended(status, now=cloud.now(), message=f"It ended as {status}.", next_step="Look at it.")
    cloud.store.update(before, replace(
        ended, restore_created=1, restore_replaced=0, restore_extra=0, restore_bytes=12, restore_quarantine=quarantine,
        restore_first='{"created": ["home/alice/thesis.tex"]}', snapshot="20261122T020000Z",
    ))  # fmt: skip
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()


def test_a_restore_is_asked_for_and_goes_on_by_itself(cloud: Cloud, operator: Operator) -> None:
    """The answer shows what is asked for, and the record has by whom."""
    said = operator(*_FILE, NAME).stdout
    assert "is kept in a quarantine" in said
    record = cloud.newest()
    assert record.backup_id in said
    assert (record.is_restore, record.status, cloud.capacity()) == (True, BackupStatus.RUNNING, 1)
    assert _order(record).by.startswith("arn:aws:")


def test_each_word_of_the_command_reaches_the_order(cloud: Cloud, operator: Operator) -> None:
    """Times are read here, by the clock of who asks."""
    operator(
        "restore", NAME, "--path", "/home/*/a b", "--path", "/etc", "--as-of", "2026-11-20T12:00:00+01:00", "--into",
        "/restored", "--mode", "mirror", "--keep-paths", "--no-keep-replaced", "--json",
    )  # fmt: skip
    order = _order(cloud.newest())
    assert (order.paths, order.into, order.mode) == (("/home/*/a b", "/etc"), "/restored", "mirror")
    assert (order.keeps_places, order.keeps_replaced, order.dry_run) == (True, False, False)
    assert str(order.selection.as_of) == "2026-11-20 11:00:00+00:00"


@pytest.mark.long
def test_a_restore_that_is_followed_ends_with_its_exit_code(cloud: Cloud, operator: Operator) -> None:
    """And its figures, as JSON too."""
    operator.steps = [lambda: _ends(cloud)]
    answer = operator(*_FILE, NAME, "--follow", "--json").json
    assert (answer["status"], answer["created"], answer["quarantine"]) == ("Success", 1, "/.quarantine-T")
    assert answer["first"]["created"] == ["home/alice/thesis.tex"]
    cloud.time = "2026-11-22T03:00:00Z"
    operator.steps = [lambda: _ends(cloud, BackupStatus.INCOMPLETE)]
    ended = operator(*_FILE, NAME, "--follow", code=3)
    assert "its instance boots" in ended.stderr
    assert "Incomplete: It ended as Incomplete." in ended.stderr


def test_a_dry_run_is_followed_and_needs_no_leave(cloud: Cloud, operator: Operator) -> None:
    """Also where the stack may not write."""
    operator.steps = [lambda: _ends(cloud, quarantine=None)]
    said = operator(*_FILE, "careful", "--dry-run").stdout
    assert "home/alice/thesis.tex" in said
    assert _order(cloud.newest()).dry_run


def test_a_stack_that_may_not_write_is_not_asked(cloud: Cloud, operator: Operator) -> None:
    """The parameter that would let it is named."""
    said = operator(*_FILE, "careful", code=2).stderr
    assert "RestoreInPlace=Yes" in said
    assert "--dry-run" in said
    assert list(cloud.store.backups()) == []


def test_beside_a_backup_nothing_is_asked_for(cloud: Cloud, operator: Operator) -> None:
    """When to try again is said at once, and nobody gets a mail of it."""
    cloud.schedule_fires()
    said = operator(*_FILE, NAME, code=4).stderr
    assert "try again when it has ended, at 2026-11-22 05:00 UTC at the latest" in said
    assert (len(list(cloud.store.backups())), cloud.mails()) == (1, [])


@pytest.mark.parametrize(
    "words",
    [
        ("--to-original",), ("--path", "/a"), ("--path", "/a", "--into", "/b", "--to-original"),
        ("--path", "/../a", "--to-original"), ("--path", "/a", "--to-original", "--number", "1", "--as-of", "3d"),
        ("--path", "/a", "--into", "/", "--mode", "mirror"), ("--path", "a\nb", "--to-original"),
        ("--path", "/a", "--to-original", "--snapshot", "plugh"), ("--path", "/a", "--to-original", "--number", "-1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_here(cloud: Cloud, operator: Operator, words: tuple[str, ...]) -> None:
    """Before anything is asked of AWS."""
    operator("restore", NAME, *words, code=2)
    assert list(cloud.store.backups()) == []


def test_who_says_no_asks_for_nothing(cloud: Cloud, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal there is a question, after what is going to be asked for; `--yes` spares it."""
    asked = list[list[tuple[str, str]]]()
    monkeypatch.setattr("efs_backup.stack.restoring.is_asked", lambda: True)
    monkeypatch.setattr(
        "efs_backup.cli.question.Question.ask", lambda _self, facts: asked.append([*facts])
    )  # fmt: skip
    operator(*_FILE, NAME, code=3)
    assert ("paths", "/home/alice/thesis.tex") in asked[0]
    assert list(cloud.store.backups()) == []
    operator(*_FILE, NAME, "--yes")
    assert (len(asked), cloud.newest().is_restore) == (1, True)


@pytest.mark.long
def test_past_restores_are_listed_with_what_was_asked_for(cloud: Cloud, operator: Operator) -> None:
    """Also one whose order is torn; those of backups are not among them, nor they among backups."""
    assert "no record of a restore" in operator("history", NAME, "--restores", code=5).stderr
    operator.steps = [lambda: _ends(cloud)]
    first = operator(*_FILE, NAME, "--follow", "--json").json["restore_id"]
    cloud.time = "2026-11-22T03:00:00Z"
    operator.steps = [lambda: _ends(cloud, quarantine=None)]
    operator(*_FILE, NAME, "--dry-run")
    cloud.store.update(cloud.newest(), replace(cloud.newest(), restore_order="{torn"))
    torn, listed = operator("history", NAME, "--restores", "--json").json["restores"]
    assert (listed["restore_id"], listed["quarantine"], listed["dry_run"]) == (first, "/.quarantine-T", False)
    assert listed["asked"] == "/home/alice/thesis.tex to where the backup was made of (overlay)"
    assert (torn["asked"], torn["by"]) == (None, None)
    said = operator("history", NAME, "--restores").stdout
    assert "/.quarantine-T" in said
    assert "/home/alice/thesis.tex" in said
    assert len(operator("history", NAME, "--restores", "--limit", "1", "--json").json["restores"]) == 1
    assert "no record of a backup" in operator("history", NAME, code=5).stderr
    assert "Leave --label out" in operator("history", NAME, "--restores", "--label", "x", code=2).stderr


def test_an_undo_takes_the_newest_restore_that_left_something(cloud: Cloud, operator: Operator) -> None:
    """Or the one that is named; without any it is refused."""
    assert "nothing to take back" in operator("undo", NAME, code=2).stderr
    operator.steps = [lambda: _ends(cloud)]
    first = operator(*_FILE, NAME, "--follow", "--json").json["restore_id"]
    cloud.time = "2026-11-22T03:00:00Z"
    operator.steps = [lambda: _ends(cloud, quarantine=None)]
    second = operator(*_FILE, NAME, "--follow", "--json").json["restore_id"]
    cloud.time = "2026-11-22T04:00:00Z"
    assert f"The restore {second} has no quarantine" in operator("undo", NAME, "--restore", second, code=2).stderr
    said = operator("undo", NAME, "--yes").stdout
    assert "/.quarantine-T" in said
    order = _order(cloud.newest())
    assert (order.undoes, order.selection, first != cloud.newest().backup_id) == ("/.quarantine-T", Selection(), True)
    _ends(cloud, quarantine=None)
    assert "nothing to take back" in operator("undo", NAME, code=2).stderr


def test_what_a_restore_that_died_has_left_is_taken_back_by_its_place(cloud: Cloud, operator: Operator) -> None:
    """Its record names no quarantine; what was changed since makes way if that is wanted."""
    said = operator("undo", NAME, "--quarantine", "/home/alice", "--move-changed", "--yes").stdout
    assert "is moved to a quarantine of its own" in said
    order = _order(cloud.newest())
    assert (order.undoes, order.moves_changed) == ("/home/alice", True)
    both = operator("undo", NAME, "--quarantine", "/a", "--restore", "1a2b3c4d", code=2)
    assert "only one of --restore and --quarantine" in both.stderr


@pytest.mark.long
def test_an_order_that_cannot_be_read_hides_no_other_restore(cloud: Cloud, operator: Operator) -> None:
    """As a record that is torn, or of another version, has it; an empty id is none."""
    operator.steps = [lambda: _ends(cloud)]
    operator(*_FILE, NAME, "--follow")
    record = cloud.newest()
    cloud.store.update(record, replace(record, restore_order="{torn"))
    cloud.time = "2026-11-22T03:00:00Z"
    assert "The restore  has no quarantine" in operator("undo", NAME, "--restore", "", code=2).stderr
    assert "/.quarantine-T" in operator("undo", NAME, "--yes").stdout
