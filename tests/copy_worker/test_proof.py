"""The proofs of a worker about a directory, against the manifest of the snapshot before."""

import os
from pathlib import Path

import pytest

from efs_backup.copy_worker import directory as directory_module
from efs_backup.copy_worker.blocks import NO_SOURCE, Block, unpacked
from efs_backup.copy_worker.directory import UNKNOWN, DirectoryCopy
from efs_backup.copy_worker.facts import directory_facts
from efs_backup.copy_worker.proof import proved_again
from efs_backup.copy_worker.receipts import BlockProof, Receipt
from tests.copy_worker.pair import Pair
from tests.support.builders import A_DAY_AGO_NS, write

Known = tuple[tuple[int, int, int], ...]


class Proofs:
    """A pair whose target is proved again and again; the manifest is a file of members."""

    def __init__(self, pair: Pair, place: Path) -> None:
        self.pair = pair
        self.manifest = place / "manifest"
        self.blocks: dict[int, bytes] = {}
        self._digests: dict[int, int] = {}
        self.receipts: list[Receipt] = []
        pair.setup.proves = True

    def night(self, path: str = "", pending: list[str] | None = None) -> list[BlockProof]:
        """Bring a directory up to date, and take over what was proved."""
        known = self._write()
        wanted = directory_facts((self.pair.source / path).lstat())
        base = os.open(self.manifest, os.O_RDONLY)
        self.pair.setup.base = base if self.blocks else -1
        self.receipts = []
        try:
            with self.pair.roots() as roots:
                copy = DirectoryCopy(roots, path, wanted, UNKNOWN, 0, known)
                self.receipts.append(copy.run(self.receipts.append))
                proofs = [BlockProof.of(one) for receipt in self.receipts for one in receipt.proofs]
                if pending is not None:
                    proofs = [again for one in proofs if (again := proved_again(roots, path, wanted, known, one))]
        finally:
            os.close(base)
        self.blocks = {one.part: one.member or self.blocks[one.part] for one in proofs}
        self._digests = {one.part: one.digest or self._digests[one.part] for one in proofs}
        return proofs

    def _write(self) -> Known:
        offset, known = 0, []
        for part in sorted(self.blocks):
            member = self.blocks[part]
            known.append((self._digests[part], offset, len(member)))
            offset += len(member)
        self.manifest.write_bytes(b"".join(self.blocks[part] for part in sorted(self.blocks)))
        return tuple(known)

    @property
    def entries(self) -> dict[str, tuple[int, str]]:
        """(inode, content's SHA-256) of each name that is proved."""
        found = dict[str, tuple[int, str]]()
        for member in self.blocks.values():
            for one in unpacked(member).entries:
                assert os.fsdecode(one.name) not in found
                found[os.fsdecode(one.name)] = one.inode, one.attributes.sha256.hex()
        return found


@pytest.fixture
def proofs(pair: Pair, tmp_path: Path) -> Proofs:
    """The two sides, and a manifest."""
    return Proofs(pair, tmp_path)


def test_what_has_not_changed_is_said_in_one_word(proofs: Proofs) -> None:
    """The block as it was is never read."""
    write(proofs.pair.source / "file")
    (first,) = proofs.night()
    assert first.member
    proofs.blocks[0] = b"x" * len(proofs.blocks[0])
    (second,) = proofs.night()
    assert (second.member, second.part, second.parts) == (b"", 0, 1)


def test_a_large_directory_is_proved_in_slices(proofs: Proofs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each slice has a block; also when there are other slices than the night before, nothing is read again."""
    monkeypatch.setattr(directory_module, "MOST_AT_ONCE", 8)
    for number in range(40):
        write(proofs.pair.source / f"{number}", f"{number}")
    first = proofs.night()
    assert len(first) == first[0].parts == 11
    assert sorted(proofs.entries) == sorted(f"{number}" for number in range(40))
    assert all(not one.member for one in proofs.night())
    before = proofs.entries
    for number in range(20):
        (proofs.pair.source / f"{number}").unlink()
    again = proofs.night()
    assert proofs.entries == {name: before[name] for name in before if int(name) >= 20}
    shorter = proofs.night()
    assert {one.parts for one in again} == {11}
    assert {one.parts for one in shorter} == {6}
    assert sum(receipt.compared for receipt in proofs.receipts) == 0, "the old blocks have all hashes"
    assert proofs.entries == {name: before[name] for name in before if int(name) >= 20}
    gone = b"".join(one.changes for one in again)
    assert gone.count(b"- ./") == 20
    assert b"".join(one.changes for one in shorter) == b""


def test_a_file_of_the_target_that_the_manifest_does_not_know_is_compared(proofs: Proofs) -> None:
    """As in a spare of some nights ago: size and mtime are right, and the content is not."""
    write(proofs.pair.source / "file", "new")
    proofs.night()
    (proofs.pair.target / "file").rename(proofs.pair.trash / "its inode stays, as a snapshot's does")
    stale = write(proofs.pair.target / "file", "old").stat().st_ino
    os.link(proofs.pair.target / "file", proofs.pair.trash / "so does this one")
    proofs.night()
    assert (proofs.pair.target / "file").read_text() == "new"
    assert (proofs.pair.target / "file").stat().st_ino != stale
    assert (proofs.receipts[-1].compared, proofs.receipts[-1].rewritten) == (1, 1)
    (proofs.pair.target / "file").rename(proofs.pair.trash / "that one too")
    alike = write(proofs.pair.target / "file", "new").stat().st_ino
    proofs.night()
    assert proofs.entries["file"][0] == alike
    assert (proofs.receipts[-1].compared, proofs.receipts[-1].rewritten) == (1, 0)


def test_what_cannot_be_read_is_kept_and_compared_the_next_time(proofs: Proofs) -> None:
    """Its source is written down as unknown, so that its directory is looked at again."""
    file = write(proofs.pair.source / "file")
    proofs.night()
    proofs.pair.belong_to_nobody()
    proofs.pair.is_nobody = True
    file.chmod(0)
    (proofs.pair.target / "file").chmod(0)
    os.utime(file, ns=(A_DAY_AGO_NS, A_DAY_AGO_NS))
    proofs.night()
    (entry,) = unpacked(proofs.blocks[0]).entries
    assert entry.source == NO_SOURCE
    file.chmod(0o600)
    (proofs.pair.target / "file").chmod(0o600)
    proofs.night()
    (entry,) = unpacked(proofs.blocks[0]).entries
    assert entry.source == (file.stat().st_ino, file.stat().st_ctime_ns)


def test_a_damaged_inode_is_neither_kept_nor_linked(proofs: Proofs) -> None:
    """Whatever its attributes say."""
    write(proofs.pair.source / "file")
    write(proofs.pair.source / "other")
    damaged = write(proofs.pair.target / "file").stat().st_ino
    linked = write(proofs.pair.reference / "other").stat().st_ino
    os.link(proofs.pair.target / "file", proofs.pair.trash / "its inode stays, as a snapshot's does")
    proofs.pair.setup.damaged = (damaged, linked)
    proofs.night()
    assert {name: inode for name, (inode, _) in proofs.entries.items()}.keys() == {"file", "other"}
    assert not {inode for inode, _ in proofs.entries.values()} & {damaged, linked}


def test_a_directory_of_which_nothing_is_known_is_proved_as_a_whole(proofs: Proofs) -> None:
    """By what the target holds; the source is compared the next time."""
    write(proofs.pair.target / "file", "text")
    (proofs.pair.target / "link").symlink_to("somewhere")
    wanted = directory_facts(proofs.pair.source.lstat())
    with proofs.pair.roots() as roots:
        proved = proved_again(roots, "", wanted, (), BlockProof(0, 1))
        assert proved_again(roots, "gone", wanted, (), BlockProof(0, 1)) is None
    assert proved
    block: Block = unpacked(proved.member)
    assert [(one.name, one.source) for one in block.entries] == [(b"file", NO_SOURCE), (b"link", NO_SOURCE)]
    assert block.entries[0].attributes.sha256.hex().startswith("982d9e3e")
    assert block.entries[1].attributes.link == b"somewhere"
