"""Stored files are read again: by verify, audit, scrub, and repair."""

import json
import os
import shutil
from pathlib import Path

import pytest

from efs_backup.copy_worker.hash_store import HashStore
from tests.support.builders import account, write
from tests.support.cli import Cli
from tests.support.proved import assert_proved, manifests_of

DAMAGED = "directory 0/file 0"


def _run(cli: Cli, source: Path, backup: Path, *more: object) -> Path:
    return Path(cli("run", source, backup, "--json", *more).json["path"])


def _damage(snapshot: Path, name: str = DAMAGED) -> None:
    """Write into a published file, and put everything back that could tell."""
    path = snapshot / name
    before, around = path.stat(), path.parent.stat()
    path.write_text("X" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(path.parent, ns=(around.st_atime_ns, around.st_mtime_ns))


def test_verify_finds_a_file_that_was_rewritten_with_its_size_and_mtime(cli: Cli, source: Path, backup: Path) -> None:
    """Each snapshot that has it is told of; the others are whole."""
    first = _run(cli, source, backup)
    write(source / DAMAGED, "another version")
    second = _run(cli, source, backup)
    assert cli("verify", backup, "--all", "--json").json["snapshots"][0]["different"] == []
    _damage(first)
    whole = cli("verify", backup, "--json").json["snapshots"]
    assert (whole[0]["snapshot"], whole[0]["different"]) == (second.name, [])
    assert whole[0]["checked"] == {"directories": 5, "names": 13, "files": 12, "bytes": 116}
    ended = cli("verify", backup, "--snapshot", first.name, "--json", code=6)
    (found,) = ended.json["snapshots"][0]["different"]
    assert (found["path"], found["aspect"]) == (DAMAGED, "content")
    assert found["inode"] == (first / DAMAGED).stat().st_ino
    assert "efs-backup repair" in ended.stderr


def test_verify_names_what_is_missing_new_or_has_other_attributes(cli: Cli, source: Path, backup: Path) -> None:
    """In order of paths; a level sees what it looks at."""
    snapshot = _run(cli, source, backup)
    (snapshot / "directory 1/file 1").unlink()
    (snapshot / "directory 2/extra").mkdir()
    (snapshot / "link").unlink()
    (snapshot / "link").symlink_to("elsewhere")
    (snapshot / "directory 0/file 3").chmod(0o600)
    shutil.rmtree(snapshot / "empty directory")

    def found(*more: object) -> list[tuple[str, str]]:
        different = cli("verify", backup, "--json", *more, code=6).json["snapshots"][0]["different"]
        return [(one["path"], one["aspect"]) for one in different]

    names = [("directory 1/file 1", "missing"), ("directory 2/extra", "extra"), ("empty directory", "missing")]
    assert found("--level", "names") == names
    attributes = found("--level", "attributes")
    assert {*names, ("link", "link"), ("directory 0/file 3", "mode")} <= {*attributes}
    assert found("--path", "directory 0") == [("directory 0/file 3", "mode")]


def test_a_manifest_that_was_changed_proves_nothing(cli: Cli, source: Path, backup: Path) -> None:
    """Verify refuses it, and audit says since when."""
    snapshot = _run(cli, source, backup)
    manifest = manifests_of(snapshot).file(snapshot.name, ".mtree.gz")
    manifest.write_bytes(manifest.read_bytes() + b"x")
    assert "not the one that was sealed" in cli("verify", backup, code=6).stderr
    findings = cli("audit", backup, "--json", code=6).json["findings"]
    assert [(one["kind"], one["snapshot"]) for one in findings] == [("ManifestChanged", snapshot.name)]
    assert cli("verify", backup, "--snapshot", "daily.9", code=5)


def test_a_snapshot_without_a_manifest_is_named_with_the_way_to_one(cli: Cli, source: Path, backup: Path) -> None:
    """As those of before there were any."""
    shutil.rmtree(manifests_of(_run(cli, source, backup)).path)
    assert "manifest --make" in cli("verify", backup, code=5).stderr
    assert "no seal yet" in cli("audit", backup, code=5).stderr


def test_audit_tells_what_was_removed_by_hand_from_what_a_rule_has_dropped(
    cli: Cli, source: Path, backup: Path
) -> None:
    """A snapshot, a seal, a file of changes; and since when each is missing."""
    snapshots = [_run(cli, source, backup, "--retain", 3) for _ in range(5)]
    assert cli("audit", backup, "--json").json == {"schema": 1, "seals": 5, "findings": []}
    cli("prune", backup, "--retain", 2, "--confirm")
    assert cli("audit", backup, "--json").json["findings"] == [], "the rule dropped one more"
    aside = backup / "outside"
    shutil.copytree(manifests_of(snapshots[0]).path, aside, ignore=shutil.ignore_patterns("*.gz", "*.index"))
    shutil.rmtree(snapshots[3])
    (manifests_of(snapshots[0]).file(snapshots[1].name, ".seal.json")).unlink()
    (manifests_of(snapshots[0]).file(snapshots[2].name, ".changes.gz")).unlink()
    findings = cli("audit", backup, "--json", code=6).json["findings"]
    assert [(one["kind"], one["snapshot"]) for one in findings] == [
        ("SealMissing", snapshots[1].name), ("ChangesMissing", snapshots[2].name),
        ("SnapshotMissing", snapshots[3].name),
    ]  # fmt: skip
    assert f"when {snapshots[4].name} was sealed" in findings[2]["message"]
    shutil.copy(manifests_of(snapshots[0]).file(snapshots[4].name, ".seal.json"), aside / "x.json")
    newest = manifests_of(snapshots[0]).file(snapshots[4].name, ".seal.json")
    newest.write_text(newest.read_text().replace('"files":13', '"files":14'))
    inside = cli("audit", backup, "--json", code=6).json["findings"]
    assert len(inside) == 3, "nothing inside speaks for the newest seal"
    outside = cli("audit", backup, "--seals", aside, "--json", code=6).json["findings"]
    assert ("SealChanged", snapshots[4].name) in [(one["kind"], one["snapshot"]) for one in outside]


def test_a_stored_seal_that_is_no_file_is_named_and_waited_for_by_nobody(cli: Cli, source: Path, backup: Path) -> None:
    """As a FIFO, or something that has no end."""
    snapshot = _run(cli, source, backup)
    aside = backup / "outside"
    aside.mkdir()
    os.mkfifo(aside / f"{snapshot.name}.seal.json")
    said = cli("audit", backup, "--seals", aside, code=2).stderr
    assert f"{snapshot.name}.seal.json' cannot be read" in said


def test_the_scrub_finds_damage_which_no_new_snapshot_takes_over(cli: Cli, source: Path, backup: Path) -> None:
    """The report says where it is, and where the same content is whole; the next backup copies it anew."""
    first = _run(cli, source, backup)
    second = _run(cli, source, backup)
    _damage(second)
    result = cli("run", source, backup, "--scrub-days", 1, "--json").json
    (warned,) = result["warnings"]
    third = Path(result["path"])
    assert (result["status"], warned["kind"], warned["paths"]) == ("Success", "Damaged", [DAMAGED])
    for snapshot in (first, second, third):
        assert snapshot.name in warned["message"]
    healed = cli("run", source, backup, "--json").json
    fourth = Path(healed["path"])
    assert account(fourth) == account(source), "the source's file was still as it was"
    assert_proved(fourth)
    assert f"whole in {fourth.name}" in healed["warnings"][0]["message"]
    assert not (fourth / DAMAGED).samefile(third / DAMAGED)
    assert cli("verify", backup, "--json").json["snapshots"][0]["different"] == []


def test_damage_is_not_taken_over_from_a_spare_either(cli: Cli, source: Path, backup: Path) -> None:
    """A spare is where most files of a steady night come from."""
    for _ in range(3):
        snapshot = _run(cli, source, backup, "--retain", 1)
    _damage(snapshot)
    cli("scrub", backup, "--scrub-days", 1, code=6)
    healed = _run(cli, source, backup, "--retain", 1)
    assert account(healed) == account(source)
    assert_proved(healed)


def test_the_scrub_reads_old_versions_too(cli: Cli, source: Path, backup: Path) -> None:
    """A file that only an older snapshot has is known by the changes of the one after it."""
    write(source / "directory 1/gone")
    first = _run(cli, source, backup)
    write(source / DAMAGED, "another version")
    (source / "directory 1/gone").unlink()
    _run(cli, source, backup)
    _damage(first)
    _damage(first, "directory 1/gone")
    damaged = cli("scrub", backup, "--scrub-days", 1, "--json", code=6).json["damaged"]
    assert sorted(one["path"] for one in damaged) == [DAMAGED, "directory 1/gone"]
    assert {tuple(one["snapshots"]) for one in damaged} == {(first.name,)}


def test_the_scrub_keeps_to_its_budget_and_goes_on_the_next_time(cli: Cli, source: Path, backup: Path) -> None:
    """The files that are due today are read in pieces; at the end all of them were."""
    for number in range(200):
        write(source / f"wide {number}/file", f"{number:010}")
    snapshot = _run(cli, source, backup)
    read = []
    while True:
        done = cli("scrub", backup, "--scrub-days", 1, "--scrub-bytes", 600, "--json").json
        if not done["files"]:
            break
        read.append(done["files"])
        assert len(read) < 12
    assert sum(read) == 212
    assert max(read) < 150
    _damage(snapshot)
    assert cli("scrub", backup, "--scrub-days", 1, "--json").json["files"] == 0, "today is done"


def test_hashes_that_were_missing_are_found_by_the_scrub_and_written_down(cli: Cli, source: Path, backup: Path) -> None:
    """As after snapshots of before there were manifests."""
    shutil.rmtree(manifests_of(_run(cli, source, backup)).path)
    second = _run(cli, source, backup)
    assert_proved(second, without_hash=12)
    assert cli("scrub", backup, "--scrub-days", 1, "--json").json["hashes_found"] == 12
    assert len(HashStore((manifests_of(second).path / "hashes").read_bytes())) == 12
    third = _run(cli, source, backup)
    assert_proved(third)
    assert json.loads(manifests_of(third).seals()[third.name])["changes"]["changed"] == 0


@pytest.mark.parametrize("is_in_source", [True, False])
def test_repair_brings_back_what_is_still_to_be_had(cli: Cli, source: Path, backup: Path, is_in_source: bool) -> None:
    """In every snapshot that has the damaged file; what nobody has stays, and is named."""
    first = _run(cli, source, backup)
    second = _run(cli, source, backup)
    before = account(first)
    write(source / "directory 1/file 1", "another version")
    _damage(first)
    _damage(first, "directory 1/file 1")
    cli("scrub", backup, "--scrub-days", 1, code=6)
    planned = cli("repair", backup, "--from", source, "--dry-run", "--json", code=6).json
    assert (planned["dry_run"], len(planned["damaged"])) == (True, 2)
    if is_in_source:
        ended = cli("repair", backup, "--from", source, "--json", code=6)
    else:
        third = _run(cli, source, backup)
        assert (third / DAMAGED).read_text() == "content 0"
        ended = cli("repair", backup, "--json", code=6)
    by_path = {one["path"]: one for one in ended.json["damaged"]}
    assert by_path[DAMAGED]["repaired"]
    assert not by_path["directory 1/file 1"]["repaired"]
    for snapshot in (first, second):
        assert (
            account(snapshot)["./" + DAMAGED if "./" + DAMAGED in before else DAMAGED].content
            == before["./" + DAMAGED if "./" + DAMAGED in before else DAMAGED].content
        )
    different = cli("verify", backup, "--snapshot", first.name, "--json", code=6).json["snapshots"][0]["different"]
    assert [one["path"] for one in different] == ["directory 1/file 1"]
    assert (first / DAMAGED).samefile(second / DAMAGED)
    assert not list(first.parent.glob(".repair*"))
    write(source / "directory 1/file 1", "content 1")
    assert cli("repair", backup, "--from", source, "--json").json["damaged"][0]["repaired"]
    assert cli("verify", backup, "--snapshot", first.name, "--json").json["snapshots"][0]["different"] == []
    assert len((manifests_of(first).path / "repairs.jsonl").read_text().splitlines()) == 2
