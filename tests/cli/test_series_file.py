"""A series knows itself: `init`, what is refused, which rules hold, and what a torn file means."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from efs_backup.domain.snapshots.names import SnapshotName
from tests.support.builders import account, write
from tests.support.cli import Cli
from tests.support.namespaces import ask_with_mounts, bind
from tests.support.nightly import mostly_nightly


@pytest.fixture
def plain(cli: Cli) -> Cli:
    """The command as after its installation: no first backup is meant."""
    del cli.environment["EFS_BACKUP_RUN_INIT"]
    return cli


def stored(backup: Path, label: str = "efs-backup") -> dict[str, Any]:
    """The content of a label's file."""
    found: dict[str, Any] = json.loads((backup / label / "series.json").read_text())
    return found


def retained(backup: Path) -> dict[str, Any]:
    """How many snapshots the older version of the file would keep of each interval."""
    return {kind: {"retain": rule["retain"]} for kind, rule in stored(backup)["intervals"].items()}


def snapshots(backup: Path, interval: str = "daily") -> list[str]:
    """The names of all snapshots, oldest first."""
    return sorted(path.name for path in (backup / "efs-backup" / interval).glob("2*"))


def refused(cli: Cli, reason: str, *arguments: object) -> dict[str, Any]:
    """The answer of a refused backup; the dry run must be refused alike."""
    result: dict[str, Any] = cli("run", *arguments, "--json", code=1).json
    planned = cli("run", *arguments, "--dry-run", "--json", code=1).json
    assert result["failure_reason"] == planned["failure_reason"] == reason
    assert result["next_step"] == planned["next_step"] != ""
    return result


def test_a_first_backup_has_to_be_meant(plain: Cli, source: Path, backup: Path) -> None:
    """Nothing is touched, and what was found is said; also where BACKUP could be made."""
    result = refused(plain, "SeriesMissing", source, backup)
    assert "is an empty directory on" in result["message"]
    assert "--init" in result["next_step"]
    assert os.listdir(backup) == []
    assert "does not exist" in refused(plain, "SeriesMissing", source, backup / "new")["message"]
    assert os.listdir(backup) == []
    write(backup / "lost+found" / "x")
    assert "it holds 'lost+found'" in refused(plain, "SeriesMissing", source, backup)["message"]


@pytest.mark.parametrize("how", ["run --init", "init"])
def test_a_series_whose_snapshots_are_all_gone_is_refused(plain: Cli, source: Path, backup: Path, how: str) -> None:
    """The series would begin anew without a word; nothing is touched, and who means it says so once."""
    plain("run", source, backup, "--init")
    plain("run", source, backup)
    (*_, newest) = snapshots(backup)
    assert stored(backup)["newest"] == f"daily/{newest}"
    shutil.rmtree(backup / "efs-backup" / "daily")
    before = account(backup)
    assert f"daily/{newest}" in refused(plain, "SeriesMissing", source, backup)["message"]
    assert account(backup) == before
    command, *option = how.split()
    assert "begins anew" in plain(command, source, backup, *option).stdout
    assert plain("run", source, backup, "--json").json["notes"] == []


def test_a_first_backup_that_did_not_end_is_gone_on_with(plain: Cli, source: Path, backup: Path) -> None:
    """The label's file is there, and knows of no snapshot."""
    plain("run", source, backup, "--init", "--window", 0.00001, code=3)
    assert (stored(backup)["newest"], snapshots(backup)) == ("", [])
    plain("run", source, backup, "--window", 60)
    (published,) = snapshots(backup)
    assert stored(backup)["newest"] == f"daily/{published}"


def test_init_is_an_option_or_a_command_or_in_the_environment(plain: Cli, source: Path, backup: Path) -> None:
    """Each once for each label; from then on `run` needs nothing."""
    plain("run", source, backup, "--label", "a", "--init")
    plain("init", source, backup, "--label", "b")
    plain.environment["EFS_BACKUP_RUN_INIT"] = "1"
    plain("run", source, backup, "--label", "c")
    del plain.environment["EFS_BACKUP_RUN_INIT"]
    for label in "abc":
        assert plain("run", source, backup, "--label", label, "--json").json["notes"] == []


def test_every_option_can_come_from_the_environment(plain: Cli, source: Path, backup: Path) -> None:
    """`EFS_BACKUP_`, the command, the option."""
    plain.environment |= {"EFS_BACKUP_RUN_INIT": "true", "EFS_BACKUP_RUN_RETAIN": "3", "EFS_BACKUP_RUN_LABEL": "web"}
    plain("run", source, backup)
    assert stored(backup, "web")["intervals"]["daily"]["retain"] == 3


def test_init_stores_the_rules_that_later_backups_keep(plain: Cli, source: Path, backup: Path) -> None:
    """Retention, excludes and window; the file is private, and says what it is about."""
    write(source / "a.log")
    asked = ("--retain", 2, "--exclude", "*.log", "--window", 60)
    assert plain("init", source, backup, *asked, "--json").json["excludes"] == ["*.log"]
    file = backup / "efs-backup" / "series.json"
    assert file.stat().st_mode & 0o777 == 0o600
    found = stored(backup)
    assert (found["label"], found["excludes"], found["window_minutes"]) == ("efs-backup", ["*.log"], 60)
    assert (found["source"]["path"], found["backup"]["path"]) == (str(source), str(backup))
    results = [plain("run", source, backup, "--json").json for _ in range(3)]
    assert [len(result["dropped"]) for result in results] == [0, 0, 1]
    assert not (Path(results[2]["path"]) / "a.log").exists()


def test_init_of_what_has_begun_changes_nothing_but_refuses_what_run_refuses(
    plain: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """A second `init` is harmless in a script."""
    plain("init", source, backup, "--retain", 9)
    before = stored(backup)
    assert "rules stay as they are" in plain("init", source, backup, "--retain", 2).stdout
    assert stored(backup) == before
    (tmp_path / "other").mkdir()
    assert plain("init", tmp_path / "other", backup, "--json", code=1).json["failure_reason"] == "SourceChanged"
    plain("init", source, source / "inside", code=2)
    assert stored(backup) == before


def test_another_source_under_a_label_is_refused(plain: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """Its snapshots would push the others out; nothing is touched. What is meant goes on, and is the source then."""
    plain("run", source, backup, "--init", "--retain", 1)
    other = tmp_path / "other"
    write(other / "file")
    before = account(backup)
    assert f"holds the backups of {str(source)!r}" in refused(plain, "SourceChanged", other, backup)["message"]
    assert account(backup) == before
    plain("run", other, backup, "--source-moved")
    assert plain("run", other, backup, "--json").json["notes"] == []
    refused(plain, "SourceChanged", source, backup)


def test_another_source_that_is_said_to_begin_drops_nothing(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """--init in the environment for ever: it is put beside, with a warning each night."""
    cli("run", source, backup, "--retain", 1)
    other = tmp_path / "other"
    write(other / "file")
    for _ in range(2):
        result = cli("run", other, backup, "--json").json
        assert [warned["kind"] for warned in result["warnings"]] == ["AnotherSource"]
    assert cli("run", other, backup, "--dry-run", "--json").json["dropped"] == []
    assert len(snapshots(backup)) == 3
    assert stored(backup)["source"]["path"] == str(source)
    assert len(cli("run", source, backup, "--json").json["dropped"]) == 3


def test_a_renamed_source_goes_on_with_a_note(plain: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """The same directory is the same source."""
    plain("run", source, backup, "--init")
    moved = source.rename(tmp_path / "moved")
    assert "It is the same directory" in plain("run", moved, backup, "--json").json["notes"][0]
    assert plain("run", moved, backup, "--json").json["notes"] == []


def test_a_source_that_was_made_anew_at_its_path_goes_on(plain: Cli, source: Path, backup: Path) -> None:
    """Deployments replace whole directories."""
    plain("run", source, backup, "--init")
    shutil.copytree(source, source.with_name("release"), symlinks=True)
    shutil.rmtree(source)
    source.with_name("release").rename(source)
    assert plain("run", source, backup, "--json").json["notes"] == []


@pytest.mark.root
@pytest.mark.parametrize("what", mostly_nightly(["tmpfs", "bind"]))
def test_a_source_that_is_not_mounted_is_refused(
    cli: Cli, source: Path, backup: Path, tmp_path: Path, what: str
) -> None:
    """The tree below the mount point is not the source, though it is no empty directory; not even with --init."""
    disk = tmp_path / "disk"
    write(disk / "precious")
    mount = (
        f"mount -t tmpfs none '{source}'; cp '{disk}/precious' '{source}'" if what == "tmpfs" else bind(disk, source)
    )
    ask_with_mounts(cli, mount, "run", source, backup, "--retain", 1)
    before = account(backup)
    result = refused(cli, "SourceChanged", source, backup)
    assert "not on the file system of the last backup" in result["message"]
    assert account(backup) == before
    ask_with_mounts(cli, mount, "run", source, backup)


@pytest.mark.root
def test_a_mount_below_the_source_that_is_missing_is_refused(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """Also one that is another file system now; it can be meant, or left out."""
    disk = tmp_path / "disk"
    write(disk / "upload")
    point = source / "up loads"
    point.mkdir()
    mount = bind(disk, point)
    ask_with_mounts(cli, mount, "run", source, backup)
    assert [found["path"] for found in stored(backup)["mounts"]] == ["up loads"]
    before = account(backup)
    assert "'up loads' there was" in refused(cli, "SourceChanged", source, backup)["message"]
    assert account(backup) == before
    ask_with_mounts(cli, f"mount -t tmpfs none '{point}'", "run", source, backup, code=1)
    ask_with_mounts(cli, mount, "run", source, backup)
    cli("run", source, backup, "--exclude", "/up loads")
    refused(cli, "SourceChanged", source, backup)
    ask_with_mounts(cli, mount, "run", source, backup)
    cli("run", source, backup, "--source-moved")
    assert cli("run", source, backup, "--json").json["notes"] == []


@pytest.mark.root
@pytest.mark.long
def test_a_new_mount_below_the_source_is_noted_once_and_expected_then(
    cli: Cli, source: Path, backup: Path, tmp_path: Path
) -> None:
    """After the backup that has it."""
    cli("run", source, backup)
    write(tmp_path / "disk" / "file")
    mount = bind(tmp_path / "disk", source / "empty directory")
    notes = ask_with_mounts(cli, mount, "run", source, backup, "--json").json["notes"]
    assert "New in the source" in notes[0]
    assert ask_with_mounts(cli, mount, "run", source, backup, "--json").json["notes"] == []
    refused(cli, "SourceChanged", source, backup)


@pytest.mark.root
def test_backup_itself_is_not_missed_inside_the_source(cli: Cli, source: Path, backup: Path) -> None:
    """BACKUP inside the source is left out there; whether it shows or not is no matter of the source."""
    inside = bind(backup, source / "empty directory")
    ask_with_mounts(cli, inside, "run", source, backup)
    assert stored(backup)["mounts"] == []
    assert cli("run", source, backup, "--json").json["notes"] == []


@pytest.mark.root
def test_one_file_system_misses_no_other(cli: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """For once: without the option the mount is expected again."""
    write(tmp_path / "disk" / "file")
    mount = bind(tmp_path / "disk", source / "empty directory")
    ask_with_mounts(cli, mount, "run", source, backup)
    cli("run", source, backup, "--one-file-system")
    refused(cli, "SourceChanged", source, backup)


@pytest.mark.root
@pytest.mark.long
def test_a_backup_that_is_not_mounted_is_refused(plain: Cli, source: Path, backup: Path, tmp_path: Path) -> None:
    """The directory below its mount point stays empty; with --init too, where /etc/fstab knows better."""
    disk, fstab = tmp_path / "disk", tmp_path / "fstab"
    disk.mkdir()
    fstab.write_text(f"/dev/sdx9 {backup} ext4 noauto 0 0\n")
    ask_with_mounts(plain, bind(disk, backup), "run", source, backup, "--init")
    refused(plain, "SeriesMissing", source, backup)
    knowing = f"[ -e /etc/fstab ] || touch /etc/fstab; {bind(fstab, Path('/etc/fstab'))}"
    ended = ask_with_mounts(plain, knowing, "run", source, backup, "--init", "--json", code=1)
    assert f"/etc/fstab has a file system at {str(backup)!r}" in ended.json["message"]
    assert os.listdir(backup) == []
    ask_with_mounts(plain, f"{knowing}; {bind(disk, backup)}", "run", source, backup)
    assert len(snapshots(disk)) == 2


def test_a_flag_never_drops_more_than_the_rule(cli: Cli, source: Path, backup: Path) -> None:
    """A forgotten one, a lower one; a higher one keeps more for once; who saves or prunes means it."""
    cli("run", source, backup, "--retain", 3)
    for _ in range(2):
        cli("run", source, backup)
    assert len(cli("run", source, backup, "--json").json["dropped"]) == 1
    lower = cli("run", source, backup, "--retain", 1, "--json").json
    assert len(lower["dropped"]) == 1
    assert "--retain 1 would drop more than the rule" in lower["notes"][0]
    assert cli("run", source, backup, "--retain", 60, "--json").json["dropped"] == []
    assert len(cli("run", source, backup, "--json").json["dropped"]) == 2
    assert len(cli("run", source, backup, "--retain", 2, "--save", "--json").json["dropped"]) == 2
    assert retained(backup) == {"daily": {"retain": 2}}


def test_prune_keeps_to_the_rule_or_does_what_it_is_told(cli: Cli, source: Path, backup: Path) -> None:
    """And changes the rule only by --save."""
    for _ in range(4):
        cli("run", source, backup, "--retain", 4)
    assert cli("prune", backup, "--json").json["dropped"] == []
    assert len(cli("prune", backup, "--retain", 3, "--json").json["dropped"]) == 1
    assert retained(backup) == {"daily": {"retain": 4}}
    cli("prune", backup, "--retain", 2, "--save", "--dry-run")
    assert retained(backup) == {"daily": {"retain": 4}}
    assert len(cli("prune", backup, "--retain", 2, "--save", "--json").json["dropped"]) == 1
    assert retained(backup) == {"daily": {"retain": 2}}
    assert len(cli("run", source, backup, "--json").json["dropped"]) == 1


def test_it_is_said_where_the_series_of_a_label_keep_too_many_together(cli: Cli, source: Path, backup: Path) -> None:
    """They share their files, and a file has 177 links at most; by `run`, `init` and `prune`, of an older rule."""
    said = "keep 200 snapshots together"
    cli("run", source, backup, "--retain", 100)
    assert (
        "above the budget of 170" in cli("init", source, backup, "--interval", "weekly", "--retain", 100, code=2).stderr
    )
    file = backup / "efs-backup" / "series.json"
    found = stored(backup)
    found["intervals"]["weekly"] = {"retain": 100}
    file.write_text(json.dumps(found))
    assert said in cli("init", source, backup).stdout
    assert said in str(cli("run", source, backup, "--json").json["notes"])
    assert said in cli("prune", backup).stdout
    assert cli("prune", backup, "--retain", 50, "--save", "--json").json["notes"] == []


def test_excludes_and_window_hold_for_once_unless_they_are_saved(cli: Cli, source: Path, backup: Path) -> None:
    """A forgotten exclude is none that was taken back."""
    write(source / "a.log")
    write(source / "a.tmp")

    def left_out(*arguments: object) -> set[str]:
        path = Path(cli("run", source, backup, *arguments, "--json").json["path"])
        return {"a.log", "a.tmp"} - set(os.listdir(path))

    assert left_out("--exclude", "*.log") == {"a.log"}
    assert left_out() == {"a.log"}
    assert left_out("--exclude", "*.tmp") == {"a.tmp"}
    assert left_out() == {"a.log"}
    assert left_out("--exclude", "*.tmp", "--save") == left_out() == {"a.tmp"}
    cli("run", source, backup, "--window", 0.00001, "--save", code=3)
    cli("run", source, backup, code=3)
    cli("run", source, backup, "--window", 60)


ODD = {
    "empty": lambda file: file.write_text(""),
    "NULs": lambda file: file.write_bytes(bytes(400)),
    "no UTF-8": lambda file: file.write_bytes(b'{"format": 1, "label": "\xff"}'),
    "an array": lambda file: file.write_text("[]"),
    "a rule of nothing": lambda file: file.write_text(file.read_text().replace('"retain": 2', '"retain": 0')),
    "a directory": lambda file: (file.unlink(), file.mkdir()),
    "a FIFO": lambda file: subprocess.run(["sh", "-c", 'rm "$1"; mkfifo "$1"', "sh", file], check=True),
    "a symlink": lambda file: (file.rename(file.with_name("elsewhere")), file.symlink_to("elsewhere")),
}


@pytest.mark.parametrize("tear", mostly_nightly(ODD.values()), ids=ODD)
def test_a_torn_file_drops_nothing_and_stays_for_a_person(cli: Cli, source: Path, backup: Path, tear: Any) -> None:
    """The backup goes on and says how to mend it; without the file the series has its rule again."""
    for _ in range(2):
        cli("run", source, backup, "--retain", 2)
    file = backup / "efs-backup" / "series.json"
    tear(file)
    before = account(backup)["./efs-backup/series.json"]
    result = cli("run", source, backup, "--json").json
    assert (result["status"], result["dropped"]) == ("Success", [])
    assert [warned["kind"] for warned in result["warnings"]] == ["SeriesTorn"]
    assert "remove it" in result["warnings"][0]["message"]
    assert cli("run", source, backup, "--dry-run", "--json").json["dropped"] == []
    assert cli("prune", backup, "--json", code=1).json["failure_reason"] == "SeriesTorn"
    cli("prune", backup, "--retain", 1, "--save", code=1)
    assert account(backup)["./efs-backup/series.json"] == before
    assert len(snapshots(backup)) == 3
    shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()
    assert len(cli("run", source, backup, "--json").json["dropped"]) == 2
    assert retained(backup) == {"daily": {"retain": 2}}


def test_a_file_of_a_later_version_is_refused(cli: Cli, source: Path, backup: Path) -> None:
    """By `run` and `prune`; nothing is touched, and what is there can be listed and restored."""
    cli("run", source, backup)
    file = backup / "efs-backup" / "series.json"
    file.write_text('{"format": 2}')
    before = account(backup)
    assert "has the format 2" in refused(cli, "SeriesTooNew", source, backup)["message"]
    cli("prune", backup, code=1)
    cli("prune", backup, "--retain", 1, "--confirm", code=1)
    assert account(backup) == before
    cli("list", backup)
    cli("restore", backup, backup.with_name("out"))


def test_what_a_later_version_added_to_the_file_is_kept(cli: Cli, source: Path, backup: Path) -> None:
    """By a backup that changes it."""
    cli("run", source, backup)
    file = backup / "efs-backup" / "series.json"
    file.write_text(json.dumps({**stored(backup), "pins": ["20261122T020000Z"]}))
    cli("run", source, backup, "--interval", "weekly", "--retain", 8)
    assert stored(backup)["pins"] == ["20261122T020000Z"]
    assert retained(backup) == {"daily": {"retain": 7}, "weekly": {"retain": 8}}


def test_a_series_of_an_earlier_version_is_adopted_with_the_rule_of_its_last_backup(
    plain: Cli, source: Path, backup: Path
) -> None:
    """Said once, without --init; a forgotten --retain drops nothing of it."""
    plain("run", source, backup, "--init", "--retain", 2)
    plain("run", source, backup, "--interval", "weekly", "--retain", 9)
    (backup / "efs-backup" / "series.json").unlink()
    assert "made by an earlier version" in plain("run", source, backup, "--json").json["notes"][0]
    assert plain("run", source, backup, "--interval", "weekly", "--json").json["notes"] != []
    assert retained(backup) == {"daily": {"retain": 2}, "weekly": {"retain": 9}}
    assert plain("run", source, backup, "--json").json["notes"] == []


def test_an_adopted_series_without_records_keeps_what_is_there(plain: Cli, source: Path, backup: Path) -> None:
    """As many as there are, if nobody says a number."""
    plain("run", source, backup, "--init")
    series = backup / "efs-backup" / "daily"
    for day in range(11, 20):
        (series / f"202601{day}T020000Z").mkdir()
    shutil.rmtree(series / ".records")
    (series.parent / "series.json").unlink()
    plain("run", source, backup)
    assert retained(backup) == {"daily": {"retain": 10}}
    assert len(snapshots(backup)) == 10


def test_a_partial_of_an_earlier_version_needs_no_init(plain: Cli, source: Path, backup: Path) -> None:
    """Its first backup was cut off before the update."""
    (backup / "efs-backup" / "daily" / ".partial-20261122T020000Z").mkdir(parents=True)
    assert plain("run", source, backup, "--json").json["status"] == "Success"


def _dated(backup: Path, days: float) -> None:
    """Give the only snapshot a name so many days from now."""
    (name,) = snapshots(backup)
    series = backup / "efs-backup" / "daily"
    (series / name).rename(series / str(SnapshotName.of(datetime.now(UTC) + timedelta(days=days))))


@pytest.mark.parametrize(("days", "said"), [(3, "lies in the future"), (-45, "is 45 days old")])
def test_nothing_is_dropped_where_the_clock_has_jumped(
    cli: Cli, source: Path, backup: Path, days: float, said: str
) -> None:
    """A snapshot of the future, or a long silence; the backup is made all the same."""
    cli("run", source, backup, "--retain", 1)
    _dated(backup, days)
    plan = cli("run", source, backup, "--dry-run", "--json").json
    assert (plan["dropped"], said in plan["reason"]) == ([], True)
    result = cli("run", source, backup, "--json").json
    assert (result["status"], result["dropped"]) == ("Success", [])
    assert [warned["kind"] for warned in result["warnings"]] == ["ClockJumped"]
    assert said in result["warnings"][0]["message"]
    assert len(snapshots(backup)) == 2


def test_series_that_begin_at_once_share_one_file(cli: Cli, source: Path, backup: Path) -> None:
    """Each interval's rule arrives, for one writes at a time."""
    cli("init", source, backup)
    kinds = ["hourly", "weekly", "monthly"]
    running = [cli.start("run", source, backup, "--interval", kind, "--retain", 5) for kind in kinds]
    assert [process.wait() for process in running] == [0, 0, 0]
    for process in running:
        process.communicate()
    assert retained(backup) == {"daily": {"retain": 7}} | {kind: {"retain": 5} for kind in kinds}


def test_a_write_that_was_cut_off_is_as_if_it_had_not_begun(cli: Cli, source: Path, backup: Path) -> None:
    """Its remains are replaced, also where they are a link that leads elsewhere."""
    cli("run", source, backup)
    remains, decoy = backup / "efs-backup" / ".series.json", write(backup / "decoy", "precious")
    remains.symlink_to(decoy)
    cli("run", source, backup, "--retain", 9, "--save")
    assert retained(backup) == {"daily": {"retain": 9}}
    assert decoy.read_text() == "precious"
    assert not remains.is_symlink()


@pytest.mark.root
def test_a_first_backup_on_a_full_disk_says_so(cli: Cli, source: Path, backup: Path) -> None:
    """The file cannot be written, so nothing is copied."""
    script = f"mount -t tmpfs -o nr_inodes=5 none '{backup}'"
    ended = ask_with_mounts(cli, script, "run", source, backup, "--json", code=1)
    assert ended.json["failure_reason"] == "BackupFull"


@pytest.mark.root
@pytest.mark.long
def test_a_backup_on_another_disk_is_refused(cli: Cli, source: Path, tmp_path: Path) -> None:
    """By its UUID, at any mount point; who has moved the snapshots there says so once."""
    one, other, at, elsewhere = (tmp_path / name for name in ("one", "other", "at", "elsewhere"))
    for place in (at, elsewhere):
        place.mkdir()
    for image in (one, other):
        with image.open("wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    mounted = subprocess.run(["unshare", "-m", "mount", "-o", "loop", one, at], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("needs loop devices")
    ask_with_mounts(cli, f"mount -o loop '{one}' '{at}'", "run", source, at)
    ask_with_mounts(cli, f"mount -o loop '{one}' '{elsewhere}'", "run", source, elsewhere)
    copied = f"mount -o loop '{one}' '{elsewhere}'; mount -o loop '{other}' '{at}'; cp -a '{elsewhere}/.' '{at}'"
    ended = ask_with_mounts(cli, copied, "run", source, at, "--json", code=1)
    if ended.json["failure_reason"] != "BackupChanged":
        pytest.fail(str(ended))
    again = f"mount -o loop '{other}' '{at}'"
    ask_with_mounts(cli, again, "run", source, at, "--backup-moved")
    ask_with_mounts(cli, again, "run", source, at)
