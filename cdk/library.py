"""Everything that the package has for other apps."""

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
