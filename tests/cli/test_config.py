"""A configuration in the place of two directories and many options, and the commands that look at it."""

import os
from pathlib import Path

import pytest

from tests.support.cli import Cli

_ADDRESS = "https://user:xyzzy@ping.invalid/plugh"


@pytest.fixture
def place(cli: Cli, tmp_path: Path) -> Path:
    """An empty directory of configurations, which the environment names."""
    place = tmp_path / "etc"
    place.mkdir(mode=0o755)
    cli.environment["EFS_BACKUP_CONFIG"] = str(place)
    return place


@pytest.fixture
def home(place: Path, source: Path, backup: Path) -> Path:
    """The configuration `home`."""
    file = place / "home.toml"
    file.write_text(
        f'[source]\npath = "{source}"\nexclude = ["*.tmp"]\n'
        f'[backup]\npath = "{backup}"\nlabel = "home"\nwindow = "1h30m"\nsave = true\n[keep]\ndaily = 5\n'
    )
    file.chmod(0o600)
    return file


def test_a_name_is_a_whole_command_line(cli: Cli, home: Path, source: Path, backup: Path) -> None:
    """Directories, label, window, excludes and rules come from its file; other commands take it as BACKUP."""
    (source / "left.tmp").write_text("x")
    ended = cli("run", "home", "--json").json
    assert ended["path"].startswith(f"{backup}/home/daily/")
    assert not (Path(ended["path"]) / "left.tmp").exists()
    assert [one["label"] for one in cli("list", "home", "--json").json["snapshots"]] == ["home"]
    series = (backup / "home" / "series.json").read_text()
    assert '"window_minutes": 90' in series
    assert "daily=5" in series
    target = backup.parent / "target"
    target.mkdir()
    cli("restore", "home", target)
    assert (target / "directory 0").is_dir()


def test_what_is_said_wins(cli: Cli, home: Path, backup: Path) -> None:
    """The command line, then the environment, then the file; and what is said for once is not saved by the file."""
    shown = {row["key"]: (row["value"], row["from"]) for row in cli("config", "show", "home", "--json").json["values"]}
    assert shown["[keep] daily"] == (5, str(home))
    assert shown["[limits] copier"] == ("links", "default")
    cli.environment["EFS_BACKUP_RUN_KEEP_DAILY"] = "6"
    assert "EFS_BACKUP_RUN_KEEP_DAILY" in cli("config", "show", "home").stdout
    del cli.environment["EFS_BACKUP_RUN_KEEP_DAILY"]
    cli("init", "home", "--json")
    cli("run", "home", "--keep-daily", "9", "--label", "home")
    assert "daily=5" in (backup / "home" / "series.json").read_text()


def test_a_directory_without_a_slash_is_one_where_no_configuration_has_its_name(
    cli: Cli, place: Path, home: Path, source: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ever; `./home` is the directory also where one has."""
    monkeypatch.chdir(backup.parent)
    assert "There is no snapshot" in cli("list", "backup", code=5).stderr
    assert "there are home" in cli("run", "backup", code=2).stderr
    assert "Missing argument 'BACKUP'" in cli("run", str(source), code=2).stderr


def test_one_file_can_be_the_place(cli: Cli, home: Path) -> None:
    """Then its own name is the only NAME, and need not be said."""
    assert cli("run", "--config", home, "--dry-run", "--json").json["dry_run"] is True
    assert "There is no configuration" in cli("run", "other", "--config", home, code=2).stderr


def test_a_file_that_others_can_write_to_is_refused(cli: Cli, home: Path, place: Path) -> None:
    """A file in a directory like that is refused too; the message has the command that mends it, nothing is made."""
    home.chmod(0o660)
    refused = cli("run", "home", code=2).stderr
    assert f"chmod go-w {home}" in refused
    home.chmod(0o600)
    place.chmod(0o777)
    assert f"chmod go-w {place}" in cli("config", "check", code=2).stdout
    place.chmod(0o1777)
    assert "good" in cli("config", "check").stdout


@pytest.mark.root
def test_a_file_of_another_user_is_refused(cli: Cli, home: Path) -> None:
    """Root runs only what root, or who is root here, has written; a symlink does not help."""
    os.chown(home, 1234, -1)
    assert f"chown {os.geteuid()} {home}" in cli("run", "home", code=2).stderr
    (home.parent / "link.toml").symlink_to(home)
    assert "belongs to user 1234" in cli("config", "check", "link", code=2).stdout


def test_nothing_odd_is_waited_for(cli: Cli, home: Path, place: Path) -> None:
    """A FIFO, a directory, text that is no TOML or no text, and names that can be no NAME."""
    os.mkfifo(place / "fifo.toml")
    (place / "directory.toml").mkdir()
    (place / "torn.toml").write_text("[source\n")
    (place / "raw.toml").write_bytes(b"\xff\xfe")
    (place / "deep.toml").write_text("a = " + "[" * 100_000)
    (place / "no name.toml").touch()
    told = {one["name"]: one["faults"] for one in cli("config", "check", "--json", code=2).json["configurations"]}
    assert sorted(name for name, faults in told.items() if faults) == ["deep", "directory", "fifo", "raw", "torn"]
    assert "'no name.toml' can be no NAME" in cli("config", "check", code=2).stdout


def test_a_check_tries_each_value_and_looks_for_what_is_named(cli: Cli, home: Path, source: Path) -> None:
    """A value that no run would take is a fault; a directory or a program that is not there a warning."""
    home.write_text(f'{home.read_text()}[hooks]\nbefore = ["/no/such"]\nping = "{_ADDRESS}"\n')
    home.chmod(0o644)
    source.rename(source.with_name("away"))
    (found,) = cli("config", "check", "home", "--json").json["configurations"]
    assert found["faults"] == []
    assert [text.split(" ")[0] for text in found["warnings"]] == ["[source]", "The", "The"]
    home.write_text(home.read_text().replace("1h30m", "0m"))
    assert "A window must be" in cli("config", "check", code=2).stdout


def test_secrets_are_not_shown(cli: Cli, home: Path) -> None:
    """Neither the address of the ping, nor the arguments of hooks."""
    home.write_text(f'{home.read_text()}[hooks]\nafter = "true --password hidden"\nping = "{_ADDRESS}"\n')
    for shown in (cli("config", "show", "home"), cli("config", "show", "home", "--json"), cli("config", "check")):
        assert not {word for word in ("hidden", "xyzzy", "plugh") if word in shown.stdout + shown.stderr}


def test_two_of_one_series_are_told(cli: Cli, home: Path) -> None:
    """Their snapshots would take turns."""
    (home.parent / "twin.toml").write_text(home.read_text())
    assert cli("config", "check").stdout.count("Another configuration has the same series") == 2


def test_the_example_is_printed(cli: Cli) -> None:
    """To begin with: `efs-backup config example > /etc/efs-backup/home.toml`."""
    assert '\npath = "/srv/home"\n' in cli("config", "example").stdout
