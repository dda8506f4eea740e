"""The work at a share, whoever does it: the walk of its subtrees, what fpsync brings of them, and their proof."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from efs_backup.copy_worker.roots import NO_ROOT
from efs_backup.domain.ports import Watcher
from efs_backup.domain.sharing.attempts import Attempt
from efs_backup.domain.sharing.order import Share, Top
from efs_backup.domain.sharing.result import ShareResult
from efs_backup.domain.snapshots.names import TRASH_NAME
from efs_backup.engine.finalize.hard_links import LinkFacts
from efs_backup.engine.machine.process import Runner, Tools
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.proof.handed_over import lines_of, take_in
from efs_backup.engine.rest.workspace import Workspace, workspace
from efs_backup.engine.runs.proving import Basis
from efs_backup.engine.runs.sharing.learning import Learning
from efs_backup.engine.runs.transfer import Disk, Transfer, Transferred, TransferSpec
from efs_backup.engine.series.shares import BLOCKS, INODES, LINKS, PROOF, OrderFiles
from efs_backup.engine.trees.delete import delete_content


@dataclass(frozen=True)
class Done:
    """A share that was done.

    gathered: its proofs, None where nothing is proved; links: what is known of names of one file.
    """

    result: ShareResult
    gathered: Gathered | None
    links: LinkFacts


@dataclass(frozen=True)
class ShareWork:
    """How a share of one order is done here.

    spec: of the whole backup; what is gathered is each share's own. basis: what it is proved by, None for a restore.
    flush: has on the disk what this instance has written.
    """

    spec: TransferSpec
    series: Path
    basis: Basis | None
    runner: Runner
    tools: Tools
    note: Callable[[str], None]
    flush: Callable[[], None]

    @contextmanager
    def done(self, tops: tuple[Top, ...], unfinished: Path | None, stop: Stop, watcher: Watcher) -> Iterator[Done]:
        """Do a share; its proofs are there while the block runs. Raises as Transfer.run_share."""
        learning = Learning(self.spec.left_out)
        with workspace(self.note) as private, self._gathering(private) as gathered:
            spec = replace(
                self.spec, gathered=gathered, hashes=self.basis.hashes if self.basis else NO_ROOT, left_out=learning,
                sharing=None, unfinished=unfinished or self.spec.unfinished,
            )  # fmt: skip
            transferred, links = self._transfer(spec, private, stop, watcher).run_share(tops)
            yield Done(_result_of(transferred, gathered, learning), gathered, links)

    def anew(self, tops: tuple[Top, ...]) -> "ShareWork":  # noqa: ARG002 - a restore has to see to them
        """How subtrees are walked again at which more than one was, once nobody else is there."""
        return self

    def _gathering(self, private: Workspace) -> AbstractContextManager[Gathered | None]:
        return self.basis.gathering(private.path) if self.basis else nullcontext()

    def delete(self, share: Share, stop: Stop) -> None:
        """Delete what is in some directories of the trash; what cannot be deleted is named by the prune."""
        for path in share.trash:
            delete_content(self.series, f"{TRASH_NAME}/{path}", stop.is_due, self.spec.target.throttle)

    def _transfer(self, spec: TransferSpec, private: Workspace, stop: Stop, watcher: Watcher) -> Transfer:
        disk = Disk(flush=self.flush)
        return Transfer(spec, private, self.runner, self.tools, stop=stop, watcher=watcher, disk=disk)


def _result_of(done: Transferred, gathered: Gathered | None, learning: Learning) -> ShareResult:
    return ShareResult(
        done.statistics, done.is_whole, done.is_full, done.compared, done.rewritten, tuple(done.troubles),
        tuple(done.notes), gathered.base.snapshot if gathered and gathered.base else None,
        gathered.fault if gathered else "", learning.learned,
    )  # fmt: skip


def write_done(files: OrderFiles, attempt: Attempt, done: Done, device: int) -> None:
    """Write the result of an attempt with all that it has proved and met. Raises OSError.

    device: that of this instance's source, which is another number for each.
    """
    gathered, links = done.gathered, done.links
    sections: dict[str, Callable[[], Iterable[bytes]]] = {
        INODES: lambda: [links.inodes()],
        LINKS: lambda: (_link_line(*name, device) for name in links.names()),
    }
    if gathered and not gathered.fault:
        sections |= {BLOCKS: lambda: lines_of(gathered), PROOF: gathered.spooled}
    files.end(attempt, done.result, sections)


def _link_line(source: tuple[int, int], path: str, there: int, device: int) -> bytes:
    on, inode = source
    return json.dumps([0 if on == device else on, inode, path, there]).encode() + b"\n"


def take_in_proofs(files: OrderFiles, attempt: Attempt, gathered: Gathered) -> None:
    """Take in what an attempt has proved. Raises OSError, and ValueError of what nobody of ours has written."""
    with files.section(attempt, BLOCKS) as blocks, files.section(attempt, PROOF) as spool:
        take_in(gathered, lines_in(blocks), spool)


def take_in_links(files: OrderFiles, attempt: Attempt, links: LinkFacts, device: int) -> None:
    """Take in what an attempt knows of names of one file. Raises as `take_in_proofs`."""
    with files.section(attempt, INODES) as inodes:
        links.meet(b"".join(inodes))
    with files.section(attempt, LINKS) as lines:
        for line in lines_in(lines):
            on, inode, path, there = json.loads(line)
            links.meet_name((int(on) or device, int(inode)), str(path), int(there))


def lines_in(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, whatever pieces they come in."""
    left = b""
    for piece in pieces:
        *lines, left = (left + piece).split(b"\n")
        yield from lines
    if left:
        yield left


def device_of(descriptor: int) -> int:
    """The number of the file system of an open directory."""
    return os.fstat(descriptor).st_dev
