"""Lines and blocks of a manifest: what is written is what is read."""

import gzip
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.blocks import (
    Block,
    Entry,
    digest_of,
    digest_of_block,
    packed,
    read_block,
    slice_of,
    unpacked,
)
from efs_backup.copy_worker.hash_store import HashRecord, HashStore, packed_records
from efs_backup.copy_worker.mtree import escaped, line_of, read_line, unescaped

names = st.binary(min_size=1, max_size=40).filter(lambda name: b"/" not in name and b"\0" not in name)
times = st.integers(-(2**62), 2**62)
kinds = st.sampled_from([stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFBLK, stat.S_IFCHR])


@st.composite
def attributes(draw: st.DrawFn) -> Attributes:
    """Attributes that a name may have."""
    kind = draw(kinds)
    link = draw(st.binary(max_size=40)) if kind == stat.S_IFLNK else b""
    size = draw(st.integers(0, 2**60)) if kind == stat.S_IFREG else len(link)
    device = os.makedev(draw(st.integers(0, 4095)), draw(st.integers(0, 2**20 - 1)))
    return Attributes(
        kind | draw(st.integers(0, 0o7777)), draw(st.integers(0, 2**32 - 2)), draw(st.integers(0, 2**32 - 2)),
        draw(times), size, device if kind in {stat.S_IFBLK, stat.S_IFCHR} else 0, link,
        draw(st.binary(min_size=32, max_size=32) | st.just(b"")) if kind == stat.S_IFREG else b"",
    )  # fmt: skip


def _facts(said: Attributes) -> list[object]:
    return [getattr(said, name) for name in Attributes.__slots__]


@given(st.binary(max_size=60))
def test_a_name_is_read_back_as_it_was_and_is_plain_text(name: bytes) -> None:
    """No blank, no comment, no line end, nothing that makes a pattern of it."""
    text = escaped(name)
    assert unescaped(text) == name
    assert all(0x21 <= byte <= 0x7E and byte not in b"#*?[" for byte in text)


@given(names, attributes())
def test_a_line_is_read_back_as_it_was(name: bytes, said: Attributes) -> None:
    """Also times before 1970, and whatever a name is."""
    line = line_of(b"./" + escaped(name), said)
    path, read = read_line(line)
    assert (unescaped(path), _facts(read)) == (b"./" + name, _facts(said))


@pytest.mark.parametrize("line", [b"", b"./a", b"./a type=file", b"./a type=door mode=0644 uid=0 gid=0 time=0.0"])
def test_what_is_no_line_is_refused(line: bytes) -> None:
    """With the line, so that whoever looks knows where."""
    with pytest.raises(ValueError, match="is no line of a manifest"):
        read_line(line)


@given(st.binary(max_size=30).filter(lambda path: b"\0" not in path), st.dictionaries(names, attributes(), max_size=5))
def test_a_block_is_read_back_as_it_was(path: bytes, found: dict[bytes, Attributes]) -> None:
    """With its inodes and what the source had, in a gzip member that any program reads."""
    block = Block(path.strip(b"/"))
    block.directory = Attributes(stat.S_IFDIR | 0o755, 1, 2, 3)
    block.entries = [
        Entry(name, said, number, (number + 1, -number)) for number, (name, said) in enumerate(found.items())
    ]
    block.digest = digest_of_block(block, (1, 2, 3, 4))
    member = packed(block)
    assert gzip.decompress(member) == block.text()
    read = unpacked(member)
    assert (read.path, read.part, read.parts, read.digest) == (block.path, 0, 1, block.digest)
    assert [(one.name, _facts(one.attributes), one.inode, one.source) for one in read.entries] == [
        (one.name, _facts(one.attributes), one.inode, one.source) for one in block.entries
    ]
    assert (read.text(), packed(read)) == (block.text(), member)


@pytest.mark.parametrize("text", [b"", b"#block", b"#lock 1/1 0 0 0 0 0 .\n", b"#block 1/1 zz 0 0 0 0 .\n./a"])
def test_what_is_no_block_is_refused(text: bytes) -> None:
    """As what is torn, or was edited by hand."""
    with pytest.raises(ValueError, match="block"):
        read_block(text)


def test_bytes_that_are_no_gzip_member_are_refused() -> None:
    """Whatever they are."""
    with pytest.raises(ValueError, match="no gzip member"):
        unpacked(b"nothing of the kind")


def test_a_digest_knows_no_order_and_every_fact() -> None:
    """A listing comes in any order; another inode, ctime or name is another digest."""
    facts = (0o755, 1, 2, 3, 4)
    some = [("b", 1, 2, 3), ("a\udcff", 4, 5, 6)]
    assert digest_of(facts, some) == digest_of((*facts[:4], 99), reversed(some)), "an atime tells nothing"
    others = [[("b", 1, 2, 3)], [("b", 1, 2, 4), some[1]], [("b", 1, 9, 3), some[1]], [("c", 1, 2, 3), some[1]]]
    assert len({digest_of(facts, some), *(digest_of(facts, other) for other in others)}) == 5
    assert digest_of((0o700, 1, 2, 3), some) != digest_of(facts, some)


@given(st.lists(names, max_size=30), st.integers(1, 9))
def test_every_name_is_in_one_slice(found: list[bytes], slices: int) -> None:
    """The same in every process."""
    assert all(0 <= slice_of(name, slices) < slices for name in found)


def test_a_hash_store_knows_a_version_and_no_other(tmp_path: os.PathLike[str]) -> None:
    """Of an inode that had another version, too; torn bytes at its end are passed over."""
    path = os.path.join(tmp_path, "file")
    with open(path, "w") as file:
        file.write("text")
    found = os.stat(path)
    source = (found.st_ino, found.st_ctime_ns)
    records = [
        HashRecord(inode, size, found.st_mtime_ns, source, bytes([inode]) * 32)
        for inode, size in ((9, 4), (7, 4), (7, 5), (8, 4))
    ]
    store = HashStore(packed_records(records) + b"torn")
    assert len(store) == 4
    assert store.find(7, found).sha256 == b"\7" * 32  # type: ignore[union-attr]
    assert store.find(6, found) is None
    os.utime(path, ns=(1, 1))
    assert store.find(7, os.stat(path)) is None
