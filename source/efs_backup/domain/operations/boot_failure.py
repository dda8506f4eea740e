"""How an instance that never came to an agent closes its backup: requests of Amazon DynamoDB, prepared beforehand.

Such an instance has nothing of ours but what its template gave it. The words between @ are filled in by
`cdk/packaging/boot.py`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from efs_backup.domain.operations.record import (
    ID_ATTRIBUTE,
    INSTANCE_ATTRIBUTE,
    LATEST_ATTRIBUTE,
    LATEST_KEY,
    START_ATTRIBUTE,
    STATUS_ATTRIBUTE,
    WANTED_WORKERS_ATTRIBUTE,
    BackupId,
    BackupRecord,
    Item,
    change_between,
)
from efs_backup.domain.operations.record_endings import without_agent
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import Interval

_WHEN = datetime(2000, 1, 1, tzinfo=UTC)
_RUNNING = BackupRecord(
    backup_id=BackupId("@BACKUP@"), status=BackupStatus.RUNNING, start_time=_WHEN, window_minutes=0,
    interval=Interval.DAILY, retention=1, expires=_WHEN,
)  # fmt: skip


def prepared_requests(table: str) -> dict[str, Any]:
    """Which backup was started last (`get`, and in which attribute), and that it has failed (`update`).

    It is closed only if it is running, was started before the instance booted, no other instance serves it, and it
    wants no others.
    """
    put = _ending()
    asked = (STATUS_ATTRIBUTE, START_ATTRIBUTE, INSTANCE_ATTRIBUTE, WANTED_WORKERS_ATTRIBUTE)
    names = {f"#{name}": name for name in (*put, *asked)}
    conditions = (
        f"#{STATUS_ATTRIBUTE} = :running", f"#{START_ATTRIBUTE} <= :booted",
        f"attribute_not_exists(#{WANTED_WORKERS_ATTRIBUTE})",
        f"(attribute_not_exists(#{INSTANCE_ATTRIBUTE}) OR #{INSTANCE_ATTRIBUTE} = :{INSTANCE_ATTRIBUTE})",
    )  # fmt: skip
    values = {":running": BackupStatus.RUNNING, ":booted": "@BOOTED@", **{f":{name}": put[name] for name in put}}
    update = {
        "TableName": table,
        "Key": _texts({ID_ATTRIBUTE: "@BACKUP@"}),
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in put),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": _texts(values),
    }
    get = {"TableName": table, "Key": _texts({ID_ATTRIBUTE: LATEST_KEY}), "ConsistentRead": True}
    return {"latest": LATEST_ATTRIBUTE, "get": get, "update": update}


def _ending() -> Item:
    ended = replace(without_agent(_RUNNING, _WHEN, "@WORDS@"), instance_id="@INSTANCE@", logs="@LOGS@")
    put = change_between(_RUNNING, ended).put
    time = _RUNNING.to_item()[START_ATTRIBUTE]
    return {name: "@NOW@" if value == time else value for name, value in put.items()}


def _texts(values: Mapping[str, object]) -> dict[str, dict[str, str]]:
    return {name: {"S": str(value)} for name, value in values.items()}
