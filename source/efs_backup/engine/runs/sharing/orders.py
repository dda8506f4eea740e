"""The order of a backup that its leader writes down, before it knows the shares."""

import os

from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.sharing.order import Order
from efs_backup.engine.runs.attempt import Attempt
from efs_backup.engine.runs.transfer import TransferSpec

_IDENTITY_BYTES = 8


def new_identity() -> str:
    """A name for an order that no other has."""
    return os.urandom(_IDENTITY_BYTES).hex()


def order_of(leader: str, request: BackupRequest, attempt: Attempt, spec: TransferSpec) -> Order:
    """The order for a backup as it was settled, under a new identity."""
    gathered, label = spec.gathered, attempt.series.label_path
    return Order(
        new_identity(), leader, str(attempt.partial.name),
        tuple(str(path.relative_to(label)) for path in attempt.references),
        gathered.base.snapshot if gathered and gathered.base else None,
        tuple(pattern.text for pattern in request.excludes), request.one_file_system, spec.comparing.with_content,
        spec.comparing.time_step_ns, spec.trusted_until_ns, tuple(sorted(spec.damaged)), (),
    )  # fmt: skip
