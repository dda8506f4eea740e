"""Rules, views, reasons, the link budget and --confirm, with snapshots that are made by hand to have many."""

import json
import os
import re
from pathlib import Path
from typing import Any

from tests.cli.series import begin, name_of, there
from tests.support.cli import Cli


def stored(backup: Path) -> Any:
    """The rules in series.json."""
    return json.loads((backup / "efs-backup" / "series.json").read_text())["intervals"]


def views(backup: Path) -> dict[str, str]:
    """The links beside the series, but for the numbers of its own."""
    links = [path for path in (backup / "efs-backup").iterdir() if path.is_symlink()]
    return {path.name: os.readlink(path) for path in links if not path.name.startswith("daily.")}


def test_a_dry_run_tells_each_reason_and_the_prune_does_as_it_was_told(cli: Cli, source: Path, backup: Path) -> None:
    """And `list` gives the same reasons afterwards; the record of rules is whole."""
    series = begin(cli, source, backup, 40, "--keep-daily", 5, "--keep-weekly", 3, "--keep-within", "8d")
    told = cli("prune", backup, "--dry-run", "--json").json
    assert len(there(series)) == 40
    assert told["kept"][name_of(1)] == "daily 1, weekly 1, within 8d"
    assert told["kept"][name_of(8)].endswith("within 8d")
    assert told["reason"].startswith("retention daily 5, weekly 3, within 8d: 40 there, ")
    line = next(line for line in cli("prune", backup, "--dry-run").stdout.splitlines() if name_of(1) in line)
    assert line.split(maxsplit=2) == ["keep", name_of(1), "daily 1, weekly 1, within 8d"]
    done = cli("prune", backup, "--json").json
    assert (done["kept"], done["dropped"]) == (told["kept"], told["dropped"])
    assert there(series) == list(told["kept"])
    assert {row["snapshot"]: row["reason"] for row in cli("list", backup, "--json").json["snapshots"]} == told["kept"]
    assert cli("list", backup).stdout.splitlines()[1].split("  ")[-2] == "daily 1, weekly 1, within 8d"
    assert stored(backup)["daily"] == {
        "retain": 17, "rules": "daily=5,weekly=3,within=8d", "carried_out": "daily=5,weekly=3,within=8d",
    }  # fmt: skip


def test_what_the_rules_keep_can_be_browsed_by_their_names(cli: Cli, source: Path, backup: Path) -> None:
    """Stale links go; those of a real series of the label, and what else is there, stay; the numbers are as ever."""
    series = begin(cli, source, backup, 30, "--keep-daily", 3, "--keep-weekly", 3, "--keep-yearly", 1)
    label = backup / "efs-backup"
    (label / "weekly.7").symlink_to("daily/20200101T000000Z")
    (label / "weekly.x").symlink_to("daily/20200101T000000Z")
    (label / "yearly.0").mkdir()
    (label / "monthly.0").symlink_to("elsewhere")
    cli("prune", backup)
    kept = there(series)
    assert sorted(views(backup)) == ["monthly.0", "weekly.0", "weekly.1", "weekly.2", "weekly.x"]
    assert views(backup)["weekly.0"] == f"daily/{kept[0]}"
    assert views(backup)["weekly.2"] == f"daily/{kept[-1]}"
    assert sorted(path.name for path in label.glob("daily.*")) == [f"daily.{number}" for number in range(len(kept))]
    weekly = Path(cli("run", source, backup, "--interval", "weekly", "--json").json["path"])
    cli("prune", backup)
    assert {name: target for name, target in views(backup).items() if target.startswith("daily")} == {
        "weekly.x": "daily/20200101T000000Z"
    }
    assert views(backup)["weekly.0"] == f"weekly/{weekly.name}"


def test_a_mistyped_rule_drops_nothing_before_it_is_confirmed(cli: Cli, source: Path, backup: Path) -> None:
    """`prune` refuses with the numbers and changes nothing; once confirmed the rule is as any other."""
    series = begin(cli, source, backup, 30, "--retain", 30)
    refused = cli("prune", backup, "--retain", 3, "--save", "--json", code=2)
    assert "to keep 3 snapshots would drop 27 of 30 snapshots, more than half" in refused.json["message"]
    assert "--confirm" in refused.json["next_step"]
    assert (len(there(series)), stored(backup)["daily"]["retain"]) == (30, 30)
    told = cli("prune", backup, "--retain", 3, "--dry-run", "--json").json
    assert len(told["dropped"]) == 27
    assert "--confirm" in told["notes"][0]
    assert "would drop 27 of 30" in told["unconfirmed"]
    assert cli("prune", backup, "--retain", 3, "--confirm", "--dry-run", "--json").json["unconfirmed"] is None
    assert len(cli("prune", backup, "--retain", 15, "--save", "--json").json["dropped"]) == 15
    done = cli("prune", backup, "--retain", 3, "--save", "--confirm", "--json").json
    assert len(done["dropped"]) == 12
    assert stored(backup)["daily"] == {"retain": 3, "carried_out": "last=3"}
    assert cli("prune", backup, "--json").json["dropped"] == []


def test_a_backup_with_a_mistyped_rule_is_made_and_drops_nothing(cli: Cli, source: Path, backup: Path) -> None:
    """Each night says so, until somebody confirms it or sets the rule right."""
    series = begin(cli, source, backup, 9, "--retain", 30)
    for flags in (("--retain", 3, "--save"), ()):
        night = cli("run", source, backup, *flags, "--json").json
        assert night["dropped"] == []
        (warned,) = night["warnings"]
        assert warned["kind"] == "UnconfirmedRule"
        assert "efs-backup prune BACKUP --label efs-backup --interval daily --confirm" in warned["message"]
    assert len(there(series)) == 11
    plan = cli("run", source, backup, "--dry-run", "--json").json
    assert (plan["dropped"], len(plan["kept"])) == ([], 12)
    assert "more than half" in plan["reason"]
    night = cli("run", source, backup, "--confirm", "--json").json
    assert (len(night["dropped"]), night["warnings"]) == (9, [])
    assert list(night["kept"].values()) == ["last 1", "last 2", "last 3"]
    assert cli("run", source, backup, "--json").json["warnings"] == []


def test_a_steady_rule_drops_all_that_a_hold_has_left(cli: Cli, source: Path, backup: Path) -> None:
    """Most of what is there, and nobody has to confirm it."""
    begin(cli, source, backup, 8, "--retain", 2)
    night = cli("run", source, backup, "--json").json
    assert (len(night["dropped"]), night["warnings"]) == (7, [])


def test_a_series_of_an_earlier_version_keeps_what_is_there_until_that_is_confirmed(
    cli: Cli, source: Path, backup: Path
) -> None:
    """Nobody knows by which rule it was pruned: what is there was meant to be there."""
    series = begin(cli, source, backup, 9)
    (backup / "efs-backup" / "series.json").unlink()
    night = cli("run", source, backup, "--retain", 3, "--json").json
    assert (night["dropped"], [warned["kind"] for warned in night["warnings"]]) == ([], ["UnconfirmedRule"])
    assert len(cli("prune", backup, "--confirm", "--json").json["dropped"]) == 7
    assert len(there(series)) == 3


def test_rules_of_a_flag_hold_for_once_beside_the_series_own(cli: Cli, source: Path, backup: Path) -> None:
    """Never less than it was told to keep; for once, more."""
    series = begin(cli, source, backup, 30, "--keep-daily", 20)
    lower = cli("run", source, backup, "--keep-daily", 2, "--keep-weekly", 9, "--json").json
    assert "--keep-daily 2 --keep-weekly 9 holds for this backup; the rule of the series is daily 20" in str(lower)
    assert len(there(series)) > 20
    assert stored(backup)["daily"]["rules"] == "daily=20"
    cli("prune", backup)
    assert len(there(series)) == 20


def test_rules_that_cannot_be_kept_are_refused_before_anything_is_touched(cli: Cli, source: Path, backup: Path) -> None:
    """With the numbers."""
    said = cli("init", source, backup, "--keep-daily", 100, "--keep-weekly", 70, code=2).stderr
    assert re.search(r"171 hard links .*daily 170 \(daily 100, weekly 70\), 1 spare", said)
    assert "the same" in cli("run", source, backup, "--retain", 3, "--keep-last", 3, code=2).stderr
    assert os.listdir(backup) == []


def test_the_series_of_a_label_have_one_link_budget(cli: Cli, source: Path, backup: Path) -> None:
    """A new rule beyond it is refused with what each takes; the older version's file is read as it was meant."""
    begin(cli, source, backup, 1, "--keep-daily", 30, "--keep-monthly", 24)
    said = cli("init", source, backup, "--interval", "weekly", "--retain", 120, code=2).stderr
    assert "daily 54 (daily 30, monthly 24), weekly 120, 2 spares" in said
    cli("init", source, backup, "--interval", "weekly", "--retain", 100)
    assert set(stored(backup)) == {"daily", "weekly"}
    said = cli("prune", backup, "--keep-daily", 70, "--save", code=2).stderr
    assert "weekly 100" in said
    assert stored(backup)["daily"]["rules"] == "daily=30,monthly=24"
