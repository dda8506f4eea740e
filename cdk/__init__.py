"""Backups of Amazon EFS for the AWS CDK: `EfsBackup` for anybody's stack, and both stacks of this project.

In a checkout the package is `cdk`, installed it is `efs_backup_cdk`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from efs_backup.domain.snapshots.retention import Retention as Keep

    from .constructs.efs_backup import EfsBackup
    from .packaging.programs import Programs
    from .parameters.around import Browsing, InPlace, Quiet
    from .parameters.instance import Endpoints, Fleet, Instance
    from .parameters.proof import Drills, Scrub, Seals
    from .parameters.reports import Reports, Telling
    from .parameters.series import Further, Keeping, Series, When
    from .parameters.storage import Replica, Storage

__all__ = [
    "Browsing", "Drills", "EfsBackup", "Endpoints", "Fleet", "Further", "InPlace", "Instance", "Keep", "Keeping",
    "Programs", "Quiet", "Replica", "Reports", "Scrub", "Seals", "Series", "Storage", "Telling", "When",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what is asked for, and not before: the CDK takes seconds, and archives and forms need none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import library  # noqa: PLC0415

    return getattr(library, name)
