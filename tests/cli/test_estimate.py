"""`efs-backup estimate`, the forecast of a run, and what a dry run foretells."""

import json
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from efs_backup.cli.commands.estimate import estimate
from efs_backup.cli.price_file import read_prices
from efs_backup.domain.errors import WrongUsage
from tests.support.builders import write
from tests.support.cli import Cli

_PRICES = {"date": "2026-11-01", "standard": 1.0}


def test_an_estimate_needs_no_backup_and_touches_nothing(cli: Cli, source: Path, backup: Path) -> None:
    """Before the first night SOURCE is counted; the prices have their date and pages."""
    told = cli("estimate", source, backup, "--json").json
    assert (told["tree"]["files"], told["tree"]["from"]) == (13, "by a scan of SOURCE")
    assert told["habits"] == {
        "change": 0.01, "change_from": "assumed", "retain": 7, "scrub_days": 90, "backups_a_day": 1.0,
    }  # fmt: skip
    assert (told["prices"]["region"], told["prices"]["currency"]) == ("us-east-1", "USD")
    assert all(page.startswith("https://aws.amazon.com/") for page in told["prices"]["sources"])
    assert [one["name"] for one in told["backups"]] == [
        "first backup", "before the first spare", "once the series is full", "a night without changes",
    ]  # fmt: skip
    assert told["aws_backup"]["storage"] > 0
    assert os.listdir(backup) == []
    elsewhere = cli("estimate", source, backup / "not there", "--json").json
    assert elsewhere["tree"] == told["tree"]


def test_after_a_backup_its_manifest_is_counted_and_its_rule_holds(cli: Cli, source: Path, backup: Path) -> None:
    """The source need not be there; --scan looks at it all the same."""
    name = cli("run", source, backup, "--retain", 3, "--exclude", "file 0", "--json").json["snapshot"]
    write(source / "new", "x")
    told = cli("estimate", "/not/there", backup, "--json").json
    assert (told["tree"]["from"], told["habits"]["retain"]) == (f"by the manifest of {name}", 3)
    scanned = cli("estimate", source, backup, "--scan", "--json").json
    assert scanned["tree"]["files"] == told["tree"]["files"] + 1
    assert cli("estimate", "/not/there", backup, "--scan", code=1).stderr


def test_people_read_the_sums_and_how_sure_they_are(cli: Cli, source: Path, backup: Path) -> None:
    """Tables of nights and of storage, the date of the prices, and AWS Backup beside."""
    told = cli("estimate", source, backup, "--change", "0.5%", "--retain", 30, "--days", 90).stdout
    for words in (
        "list prices of 2026-06-13 for us-east-1", "look up yours", "0.50% of the files a backup, as you say",
        "the first 90 days", "AWS Backup, a month", "Linking, listing and unlinking read no contents",
        "Nothing reaches the archive",
    ):  # fmt: skip
        assert words in told, words


def test_prices_of_ones_own(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """As JSON or TOML, upon the list prices."""
    prices = tmp_path / "prices"
    prices.write_text("date = 2026-11-01\nstandard = 1.0\n")
    by_toml = read_prices(str(prices), None)
    prices.write_text(json.dumps(_PRICES))
    assert read_prices(str(prices), "us-east-1") == by_toml
    listed, own = (cli("estimate", source, backup, "--json", *more).json for more in ((), ("--prices", prices)))
    assert (own["prices"]["date"], own["prices"]["sources"]) == ("2026-11-01", [])
    assert own["storage"][0]["storage"] == pytest.approx(listed["storage"][0]["storage"] / 0.3)
    assert own["month"] == pytest.approx(listed["month"])


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.write_text("{"), "neither JSON nor TOML"),
        (lambda path: path.write_text("[1, 2"), "neither JSON nor TOML"),
        (lambda path: path.write_text('{"date": "2026-11-01", "standard": -1}'), "a price is a number"),
        (lambda path: path.write_text("[" * 100_000), "neither JSON nor TOML"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "no UTF-8"),
        (lambda path: path.write_bytes(b" " * (2**20 + 1)), "larger than 1,048,576 bytes"),
        (os.mkfifo, "no regular file"),
        (lambda path: path.mkdir(), "cannot be read"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "cannot be read"),
        (lambda path: None, "cannot be read"),
    ],
)
def test_a_file_of_prices_that_is_none_is_refused(tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    """By name; nothing waits for a FIFO."""
    make(tmp_path / "prices")
    with pytest.raises(WrongUsage, match=why) as refused:
        read_prices(str(tmp_path / "prices"), None)
    assert str(tmp_path / "prices") in refused.value.message


@pytest.mark.parametrize(
    "options",
    [("--change", "1"), ("--change", "200%"), ("--days", "0"), ("--days", "nan"), ("--region", "moon-1"),
     ("--retain", "0"), ("--scrub-days", "-1"), ("--prices", "/not/there")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(source: Path, backup: Path, options: tuple[str, str]) -> None:
    """Before anything is looked at."""
    with pytest.raises(WrongUsage):
        estimate.main([str(source), str(backup), *options], standalone_mode=False)


def _records(backup: Path, seconds: list[int], **more: object) -> None:
    """Records of past nights, one a day, the last one yesterday."""
    directory = backup / "efs-backup" / "daily" / ".records"
    newest = json.loads(next(directory.glob("*.json")).read_text())
    now = datetime.now(UTC)
    for day, one in enumerate(reversed(seconds), 1):
        start = now - timedelta(days=day)
        number = f"{day:08x}"
        item = {
            **newest, "BackupId": number, "BackupStartTime": f"{start:%Y-%m-%dT%H:%M:%S}",
            "BackupStopTime": f"{start + timedelta(seconds=one):%Y-%m-%dT%H:%M:%S}", "NumberOfFilesTransferred": 1,
            **more,
        }  # fmt: skip
        (directory / f"{number}.json").write_text(json.dumps(item))


def test_a_run_foretells_its_window_from_the_nights_before(cli: Cli, source: Path, backup: Path) -> None:
    """In its answer, its record, as a warning, and beforehand how long the last ones took; the backup is made."""
    cli("run", source, backup)
    _records(backup, [3000 + 60 * day for day in range(20)])
    write(source / "new", "x")
    done = cli("run", source, backup, "--window", 80, "--json")
    assert done.json["status"] == "Success"
    assert [warned["kind"] for warned in done.json["warnings"]] == ["WindowFills"]
    assert done.json["forecast"]["days_left"] < 30
    assert "The last backups took about 66.0 minutes" in done.stderr
    assert "Warning: The window is filling" in done.stderr
    record = cli("history", backup, "--json").json["backups"][0]
    assert record["warning_kinds"] == ["WindowFills"]
    assert record["forecast"]["seconds"] > 3000
    quiet = cli("run", source, backup, "--json").json
    assert (quiet["warnings"], quiet["forecast"]["days_left"]) == ([], None)


def test_records_of_any_kind_do_not_disturb_a_run(cli: Cli, source: Path, backup: Path) -> None:
    """Torn ones, those of the future, of an older version, of another universe."""
    cli("run", source, backup)
    directory = backup / "efs-backup" / "daily" / ".records"
    _records(backup, [0] * 12, NumberOfFiles=0, TotalFileSize=10**300)
    (directory / "00000001.json").write_text("{")
    (directory / "00000002.json").write_bytes(b"\0" * 100)
    future = json.loads((directory / "00000003.json").read_text())
    later = {**future, "BackupStartTime": "2999-01-01T00:00:00", "BackupStopTime": "2001-01-01T00:00:00"}
    (directory / "00000003.json").write_text(json.dumps(later))
    old = {name: value for name, value in future.items() if not name.startswith(("Number", "Total", "Forecast"))}
    (directory / "00000004.json").write_text(json.dumps({**old, "BackupId": "00000004"}))
    done = cli("run", source, backup, "--window", 60, "--json").json
    assert (done["status"], [one["kind"] for one in done["warnings"]]) == ("Success", [])
    assert done["forecast"]["days_left"] is None


def test_a_dry_run_says_how_long_and_what_it_costs(cli: Cli, source: Path, backup: Path) -> None:
    """A first backup has no past; what is in the record of later ones is used."""
    first = cli("run", source, backup, "--dry-run", "--json").json
    assert first["expected_seconds"] is None
    assert first["expected_cost"]["throughput"] > 0
    cli("run", source, backup)
    later = cli("run", source, backup, "--dry-run", "--json").json
    assert later["expected_cost"]["throughput"] < first["expected_cost"]["throughput"]
    _records(backup, [240] * 8, NumberOfFiles=13)
    told = cli("run", source, backup, "--dry-run").stdout
    assert "about 4.0 minutes, by the last backups" in told
    assert "list prices of 2026-06-13" in told
    known = cli("estimate", source, backup, "--json").json
    assert known["habits"]["change_from"] == "by the last 8 backups"
    assert known["habits"]["change"] == pytest.approx(1 / 13)
