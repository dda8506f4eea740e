"""A tree that is encrypted, moved, emptied or chmodded, and what is left of its past afterwards."""

import json
import os
import random
from pathlib import Path
from typing import Any

from efs_backup.domain.requests.tuning import Copier
from tests.support.builders import account, write
from tests.support.cli import Cli

_FILES = 420
_CHANCE = random.Random(1)  # noqa: S311 - nothing is kept secret


def _tree(source: Path) -> None:
    for number in range(_FILES):
        write(source / "data" / f"{number % 6}" / f"file {number}.txt", f"text {number} " * 100)


def _night(cli: Cli, source: Path, backup: Path, *more: object, label: str = "efs-backup") -> dict[str, Any]:
    result: dict[str, Any] = cli("run", source, backup, "--json", "--label", label, *more).json
    assert result["status"] == "Success", result
    return result


def _kinds(result: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in result["warnings"]]


def _files(source: Path) -> list[Path]:
    return sorted((source / "data").glob("*/*"))


def _encrypt(source: Path) -> None:
    """60 % of the files, as a program would that has the run of a tree; every second of them is renamed, too."""
    for number, path in enumerate(_files(source)):
        if number % 5 < 3:
            path.write_bytes(_CHANCE.randbytes(path.stat().st_size))
            if number % 2:
                path.rename(f"{path}.locked")


def test_an_encrypted_tree_rotates_nothing_away(cli: Cli, source: Path, backup: Path) -> None:
    """Retention 3, and five more nights: the good snapshots are there, can be restored, and every report says so.

    A dry run has said that it may come to that. A night that its window cuts off says so, too.
    """
    _tree(source)
    good = [_night(cli, source, backup, "--retain", 3) for _ in range(2)]
    was = account(source)
    _encrypt(source)
    (foretold,) = cli("run", source, backup, "--dry-run", "--json").json["notes"]
    result = _night(cli, source, backup)
    (warned,) = result["warnings"]
    assert warned["kind"] == "MassChange"
    for told in (
        "58.1 % of 433 files changed or went (126 with another content, 126 gone)",
        "Most of it is below: 'data/0' (42)",
        "New extensions: .locked (126).",
        "100 % of 252 in this snapshot, 0 % of 252 before",
    ):
        assert told in warned["message"], warned["message"]
    assert foretold.startswith("58.1 % of 433 files changed or went (126 with another content, 126 gone): if the")
    assert result["hold"] == result["snapshot"]
    for night in range(5):
        write(source / "of the night", f"{night}")
        later = _night(cli, source, backup)
        assert _kinds(later) == ["Held"]
        assert f"no snapshot older than {result['snapshot']} is dropped" in later["warnings"][0]["message"]
    cut_off = cli("run", source, backup, "--json", "--window", "0.000001", code=3).json
    assert (cut_off["status"], _kinds(cut_off)) == ("Incomplete", ["Held"])
    names = [one["snapshot"] for one in cli("list", backup, "--json").json["snapshots"]]
    assert names[3:] == [one["snapshot"] for one in reversed(good)]
    assert len(names) == 5
    cli("restore", backup, backup.parent / "restored", "--snapshot", good[1]["snapshot"])
    assert account(backup.parent / "restored") == was


def test_a_mass_change_that_a_window_cuts_off_is_one_when_it_is_published(cli: Cli, source: Path, backup: Path) -> None:
    """The night is compared with the newest snapshot, however many nights the partial has taken."""
    _tree(source)
    _night(cli, source, backup, "--retain", 1)
    _encrypt(source)
    slowly = ("--window", "0.01", "--max-operations-per-second", "1500")
    assert cli("run", source, backup, "--json", *slowly, code=3).json["hold"] is None
    assert [*(backup / "efs-backup" / "daily").glob(".partial-*")]
    assert _kinds(_night(cli, source, backup)) == ["MassChange"]
    assert len(cli("list", backup, "--json").json["snapshots"]) == 2


def test_a_release_lets_the_rules_hold_again_and_is_sealed(cli: Cli, source: Path, backup: Path) -> None:
    """Who, when, why; `list` and `history` tell of a hold in a line; and seals of the time before stay auditable."""
    _tree(source)
    _night(cli, source, backup, "--retain", 1)
    for path in _files(source):
        path.unlink()
    _night(cli, source, backup)
    for command in ("list", "history"):
        assert "because 96.9 % of 433 files changed or went" in cli(command, backup).stderr
    assert ["held" in one["reason"] for one in cli("list", backup, "--json").json["snapshots"]] == [False, True]
    hold = backup / "efs-backup" / "daily" / ".hold.json"
    hold.rename(hold.with_name(".hold.json.aside"))
    (finding,) = cli("audit", backup, "--json", code=6).json["findings"]
    assert finding["kind"] == "HoldMissing"
    hold.with_name(".hold.json.aside").rename(hold)
    plan = cli("prune", backup, "--dry-run", "--json")
    assert plan.json["reason"] == "retention 1: 2 there, 2 kept (1 beyond the rules), 0 dropped"
    assert "Held since today" in plan.stderr
    cli("release", backup, code=2)
    cli("release", backup, "--reason", " ", code=2)
    released = cli("release", backup, "--reason", "the archive has moved", "--json").json
    assert released["released"][0]["by"] == "tripwire"
    cli("release", backup, "--reason", "again", code=5)
    assert _kinds(_night(cli, source, backup)) == []
    assert len(cli("list", backup, "--json").json["snapshots"]) == 1
    newest = max((backup / "efs-backup/daily/.manifests").glob("*.seal.json"))
    told = json.loads(newest.read_text())["acts"]
    assert [(one["act"], one["reason"]) for one in told] == [("release", "the archive has moved")]
    assert "root" in told[0]["by"] or told[0]["by"]
    cli("audit", backup)


def test_a_person_holds_while_a_backup_runs(cli: Cli, source: Path, backup: Path) -> None:
    """The lock of the series is the backup's; its prune comes later and obeys."""
    _night(cli, source, backup, "--retain", 1)
    (backup / "efs-backup" / "daily" / ".lock").write_text("{}")
    held = cli("hold", backup, "--reason", "I do not trust this", "--json").json
    assert len(held["snapshots"]) == 1
    assert _kinds(_night(cli, source, backup)) == ["Held"]
    assert len(cli("list", backup, "--json").json["snapshots"]) == 2
    assert "held" in cli("hold", backup, "--reason", "still").stdout
    cli("hold", backup, "--reason", "x", "--label", "nobody", code=5)


def test_who_holds_need_not_know_which_series_a_label_has(cli: Cli, source: Path, backup: Path) -> None:
    """At three in the morning one command is enough; a series that is named has to be there."""
    _night(cli, source, backup, "--interval", "weekly")
    assert len(cli("hold", backup, "--reason", "x", "--json").json["snapshots"]) == 1
    assert (backup / "efs-backup" / "weekly" / ".hold.json").exists()
    assert "no daily snapshot" in cli("hold", backup, "--reason", "x", "--interval", "daily", code=5).stderr
    assert "no hold of the daily" in cli("release", backup, "--reason", "x", "--interval", "daily", code=5).stderr


def _move(source: Path) -> None:
    (source / "data").rename(source / "moved")


def _chmod(source: Path) -> None:
    for path in _files(source):
        path.chmod(0o600)


def _nothing(_source: Path) -> None:
    pass


def _touch(source: Path) -> None:
    for path in _files(source):
        os.utime(path)


def test_what_changes_no_content_is_no_mass_change(cli: Cli, source: Path, backup: Path) -> None:
    """Other changes are counted, by what they are; a night by stock tools makes all files anew, and none is another."""
    _tree(source)
    first = _night(cli, source, backup)
    assert (first["changes"]["alarm"], first["hold"]) == ("NotCompared", None)
    names = ("changed_files", "removed_files", "renamed_files", "attribute_changes")
    for change, figures in (
        (_chmod, (0, 0, 0, _FILES)),
        (_touch, (0, 0, 0, _FILES)),
        (_nothing, (0, 0, 0, 0)),
        (_move, (0, 0, _FILES, 0)),
    ):
        change(source)
        cli.copier = Copier.RSYNC if change is _nothing else None
        result = _night(cli, source, backup)
        assert tuple(result["changes"][name] for name in names) == figures
        assert (_kinds(result), result["changes"]["alarm"], result["hold"]) == ([], "Calm", None)


def test_a_tree_that_is_renamed_to_one_new_extension_is_held(cli: Cli, source: Path, backup: Path) -> None:
    """Though no content has changed."""
    _tree(source)
    _night(cli, source, backup)
    for path in _files(source):
        path.rename(path.with_suffix(".enc"))
    result = _night(cli, source, backup)
    assert _kinds(result) == ["MassChange"]
    assert "420 of 433 files (96.9 %) were renamed to .enc" in result["warnings"][0]["message"]


def test_a_source_that_is_meant_to_be_empty_is_held_all_the_same(cli: Cli, source: Path, backup: Path) -> None:
    """Who empties a tree on purpose releases it on purpose."""
    _tree(source)
    _night(cli, source, backup, "--retain", 1)
    source.rename(source.parent / "away")
    source.mkdir()
    result = _night(cli, source, backup, "--allow-empty", "--source-moved")
    assert "MassChange" in _kinds(result)
    assert "100 % of 433 files" in " ".join(one["message"] for one in result["warnings"])


def test_a_manifest_that_is_gone_is_said_to_be_no_comparison(cli: Cli, source: Path, backup: Path) -> None:
    """Never that all is fine."""
    _tree(source)
    _night(cli, source, backup)
    for path in (backup / "efs-backup/daily/.manifests").glob("*.mtree.gz"):
        path.unlink()
    result = _night(cli, source, backup)
    assert result["changes"]["alarm"] == "NotCompared"
    assert "No comparison tonight: no snapshot before has a manifest that can be used." in result["notes"]


def test_what_lies_in_the_way_of_a_hold_is_put_aside(cli: Cli, source: Path, backup: Path) -> None:
    """And what cannot be written at all lets nothing be published: the next backup continues, and holds."""
    _tree(source)
    _night(cli, source, backup, "--retain", 1)
    _encrypt(source)
    daily = backup / "efs-backup" / "daily"
    (daily / ".hold.json.new" / "full").mkdir(parents=True)
    lock = backup / "efs-backup" / ".series.lock"
    lock.unlink()
    lock.symlink_to("nowhere")
    failed = cli("run", source, backup, "--json", code=1).json
    assert (failed["status"], failed["failure_reason"]) == ("Failed", "CopyFailed")
    assert "All older snapshots are as they were." in failed["message"]
    lock.unlink()
    assert _kinds(_night(cli, source, backup)) == ["MassChange"]
    assert [*daily.glob(".hold.json.odd-*")]
    assert len(cli("list", backup, "--json").json["snapshots"]) == 2
