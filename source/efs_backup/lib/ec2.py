"""EC2: since when an instance has been there, and whether it still is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from efs_backup.domain.operations.instances import Instance

_RUNNING = ("pending", "running")
_TERMINATED = "terminated"
_NOT_TERMINATED = ("pending", "running", "shutting-down", "stopping", "stopped")
_GROUP_TAG = "tag:aws:autoscaling:groupName"


class Instances:
    """All instances that the role may see."""

    def __init__(self, client: Any) -> None:  # one call is not worth the stubs of the largest service
        self._client = client

    def find(self, instance_id: str) -> Instance:
        """Describe an instance; of one that is long gone, nothing is known."""
        return self.find_all((instance_id,))[0]

    def find_all(self, instance_ids: Sequence[str]) -> tuple[Instance, ...]:
        """Describe these instances, found by a filter: to ask for an id that is no longer known would be an error."""
        if not instance_ids:
            return ()
        found = {each["InstanceId"]: each for each in self._found("instance-id", instance_ids)}
        return tuple(_instance(name, found.get(name)) for name in instance_ids)

    def not_terminated(self, instance_ids: Collection[str]) -> frozenset[str]:
        """Those of these that may still do something; one that nobody knows any more cannot."""
        found = self._found("instance-id", sorted(instance_ids)) if instance_ids else ()
        return frozenset(each["InstanceId"] for each in found if each["State"]["Name"] != _TERMINATED)

    def of_group(self, group: str) -> frozenset[str]:
        """All that a group has launched and that may still do something, though the group does not list them any more.

        They are found by the tag that Auto Scaling gives them.
        """
        found = self._found(_GROUP_TAG, (group,), _NOT_TERMINATED)
        return frozenset(each["InstanceId"] for each in found)

    def _found(self, name: str, values: Sequence[str], states: Sequence[str] = ()) -> Iterator[Mapping[str, Any]]:
        filters = [{"Name": name, "Values": list(values)}]
        if states:
            filters.append({"Name": "instance-state-name", "Values": list(states)})
        pages = self._client.get_paginator("describe_instances").paginate(Filters=filters)
        return (
            each for page in pages for reservation in page["Reservations"] for each in reservation["Instances"]
        )  # fmt: skip


def _instance(instance_id: str, found: Mapping[str, Any] | None) -> Instance:
    if found is None:
        return Instance(instance_id, None, is_running=False)
    return Instance(instance_id, found["LaunchTime"], is_running=found["State"]["Name"] in _RUNNING)
