"""The programs that are compared, by name."""

from bench.contenders.base import Contender, Settings
from bench.contenders.borg import Borg
from bench.contenders.bound import Bound
from bench.contenders.old import Old
from bench.contenders.ours import Earlier, Former, Ours
from bench.contenders.restic import Restic
from bench.contenders.rsnapshot import Rsnapshot
from bench.contenders.rsync import Rsync

CONTENDERS: dict[str, type[Contender]] = {
    kind.name: kind for kind in (Ours, Earlier, Former, Old, Rsync, Rsnapshot, Restic, Borg, Bound)
}

__all__ = ["CONTENDERS", "Contender", "Settings"]
