"""The form of a backup stack."""

from .around import Browsing, InPlace, Quiet
from .field import YES_OR_NO, form, section
from .instance import Endpoints, Fleet, Instance, Network
from .proof import Drills, Scrub, Seals
from .reports import Reports, Telling
from .series import Further, Keeping, Series, Source, When
from .storage import PROTECTION, Replica, Storage

_WHAT, _WHERE, _PROOF = "What is backed up", "Where the snapshots live", "Proof"


@form
class BackupParameters:
    """Everything that is asked when backups are set up."""

    source: Source = section(_WHAT)
    series: Series = section(_WHAT)
    keeping: Keeping = section(_WHAT)
    when: When = section("When")
    storage: Storage = section(_WHERE)
    replica: Replica = section(_WHERE)
    further: Further = section("Further file systems")
    seals: Seals = section(_PROOF)
    scrub: Scrub = section(_PROOF)
    drills: Drills = section(_PROOF)
    browsing: Browsing = section("Looking at the snapshots")
    quiet: Quiet = section("Around a backup")
    in_place: InPlace = section("Restores")
    network: Network = section("Network")
    endpoints: Endpoints = section("Network")
    instance: Instance = section("Instance")
    fleet: Fleet = section("Instance")
    reports: Reports = section("Reports")
    telling: Telling = section("Reports")


def defaults(*, protects: bool) -> dict[str, str]:
    """The defaults that the bundle decides: who can mount encrypted has the snapshots protected, unless told not to."""
    return {PROTECTION: YES_OR_NO[0] if protects else YES_OR_NO[1]}
