"""EC2: since when an instance has been there, and whether it still is."""

from collections.abc import Mapping, Sequence
from typing import Any

from efs_backup.domain.operations.instances import Instance

_RUNNING = ("pending", "running")


class Instances:
    """All instances that the role may see."""

    def __init__(self, client: Any) -> None:  # one call is not worth the stubs of the largest service
        self._client = client

    def find(self, instance_id: str) -> Instance:
        """What is known of an instance; of one that is long gone, nothing."""
        return self.find_all((instance_id,))[0]

    def find_all(self, instance_ids: Sequence[str]) -> tuple[Instance, ...]:
        """What is known of each of these. It asks by a filter: an id that is not known any more would be an error."""
        if not instance_ids:
            return ()
        pages = self._client.get_paginator("describe_instances").paginate(
            Filters=[{"Name": "instance-id", "Values": list(instance_ids)}]
        )
        reservations = (reservation for page in pages for reservation in page["Reservations"])
        found = {each["InstanceId"]: each for reservation in reservations for each in reservation["Instances"]}
        return tuple(_instance(name, found.get(name)) for name in instance_ids)


def _instance(instance_id: str, found: Mapping[str, Any] | None) -> Instance:
    if found is None:
        return Instance(instance_id, None, is_running=False)
    return Instance(instance_id, found["LaunchTime"], is_running=found["State"]["Name"] in _RUNNING)
