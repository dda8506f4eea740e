"""`efs-backup pin`, `unpin` and `note`."""

import json
from pathlib import Path
from typing import Any

from tests.cli.series import begin, name_of, there
from tests.support.cli import Cli


def newest_seal(series: Path) -> Any:
    """The content of the newest seal."""
    return json.loads(max(series.glob(".manifests/*.seal.json")).read_text())


def reasons(cli: Cli, backup: Path) -> dict[str, str]:
    """Why each snapshot stays."""
    return {row["snapshot"]: row["reason"] for row in cli("list", backup, "--json").json["snapshots"]}


def test_a_pinned_snapshot_is_never_dropped_and_never_a_spare(cli: Cli, source: Path, backup: Path) -> None:
    """Until it is released; both are in the next seal, and the chain is whole."""
    series = begin(cli, source, backup, 3, "--retain", 1)
    cli("pin", backup, "daily.0", "--reason", "before the migration")
    cli("pin", backup, name_of(3), "--reason", "the audit", "--until", "2999-12-31")
    night = cli("run", source, backup, "--json").json
    assert there(series) == [night["snapshot"], name_of(1), name_of(3)]
    assert [path.name for path in series.glob(".spare-2*") if path.is_dir()] == [f".spare-{name_of(2)}"]
    assert night["kept"][name_of(3)] == "pinned until 2999-12-31: the audit"
    assert reasons(cli, backup)[name_of(1)] == "pinned: before the migration"
    acts = [(act["act"], act["snapshot"], act["reason"]) for act in newest_seal(series)["acts"]]
    assert sorted(acts) == sorted([("pin", name_of(1), "before the migration"), ("pin", name_of(3), "the audit")])
    assert "root" in newest_seal(series)["acts"][0]["by"]
    released = cli("unpin", backup, name_of(1)[:14], "--reason", "migrated", "--json").json
    assert released["released"] == "pinned: before the migration"
    cli("run", source, backup)
    assert name_of(1) not in there(series)
    assert [(act["act"], act["reason"]) for act in newest_seal(series)["acts"]] == [("unpin", "migrated")]
    cli("run", source, backup)
    assert "acts" not in newest_seal(series)
    cli("audit", backup)
    cli("unpin", backup, name_of(1), "--reason", "again", code=5)


def test_a_pin_that_has_ended_lets_go_and_that_is_said(cli: Cli, source: Path, backup: Path) -> None:
    """In the night that drops its snapshot, and in the seal after it."""
    series = begin(cli, source, backup, 3, "--retain", 2)
    cli("pin", backup, name_of(3), "--reason", "the audit", "--until", "2999-12-31")
    (pin,) = (series / ".pins").glob("*.pin.json")
    pin.write_text(pin.read_text().replace("2999", "2020"))
    night = cli("run", source, backup, "--json").json
    assert f"{name_of(3)} was dropped, for it is no longer pinned until 2020-12-31: the audit." in str(night["notes"])
    assert not list((series / ".pins").glob("*.json"))
    cli("run", source, backup)
    assert [(act["act"], act["snapshot"]) for act in newest_seal(series)["acts"]] == [("pin-ended", name_of(3))]


def test_a_note_is_shown_and_protects_nothing(cli: Cli, source: Path, backup: Path) -> None:
    """A torn one says so; it goes with its snapshot."""
    series = begin(cli, source, backup, 2, "--retain", 1)
    cli("note", backup, 1, "the last one\nbefore \x1b[31mthe move")
    cli("note", backup, "latest", "odd")
    (series / ".pins" / f"{name_of(1)}.note.json").write_text("{")
    notes = {row["snapshot"]: row["note"] for row in cli("list", backup, "--json").json["snapshots"]}
    assert notes == {name_of(2): "the last one\nbefore \x1b[31mthe move", name_of(1): "its note cannot be read"}
    table = cli("list", backup).stdout
    assert "NOTE" in table.splitlines()[0].split()
    assert "before \\x1b[31mthe move" in table
    cli("note", backup, "latest", "")
    cli("prune", backup)
    assert there(series) == [name_of(1)]
    assert not list((series / ".pins").glob("*.json"))


def test_what_cannot_be_pinned_is_refused(cli: Cli, source: Path, backup: Path) -> None:
    """With an exit code that says why, and nothing is written."""
    series = begin(cli, source, backup, 2)
    cli("pin", backup, "latest", code=2)
    cli("pin", backup, "20", "--reason", "x", code=5)
    cli("pin", backup, name_of(1)[:2] + "x", "--reason", "x", code=2)
    cli("unpin", backup, "latest", "--reason", "x", code=5)
    assert not (series / ".pins").exists()


def test_a_pin_beyond_the_link_budget_is_refused_with_the_numbers(cli: Cli, source: Path, backup: Path) -> None:
    """One that is renewed takes nothing more."""
    begin(cli, source, backup, 3, "--keep-last", 84, "--keep-daily", 84)
    cli("pin", backup, 0, "--reason", "x")
    cli("pin", backup, 0, "--reason", "y")
    said = cli("pin", backup, 1, "--reason", "x", code=2).stderr
    assert "Another pin would need 171 hard links" in said
    assert "(daily 168 (last 84, daily 84), 2 pins, 1 spare)" in said
