"""The mounts of AWS Lambda for a function: the folder of a file system, as far as the function's role may use it."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from moto.efs.models import efs_backends

from deployment.local_cloud.aws.access import Need, is_allowed, statements_of
from deployment.local_cloud.place import ACCOUNT, REGION

_MOUNTED_BELOW = "/mnt/"


class NotMounted(Exception):
    """The role may not mount the file system, or no way leads to it: AWS Lambda does not start the function."""


def command_before(configs: Iterable[Mapping[str, str]], role: Any, file_systems: Path) -> tuple[str, ...]:
    """The beginning of a command line, by which a program sees these file systems. Raises NotMounted."""
    lines = [_lines(one["Arn"], one["LocalMountPath"], role, file_systems) for one in configs]
    if not lines:
        return ()
    script = "\n".join(("set -e", f"mount -t tmpfs tmpfs {_MOUNTED_BELOW}", *lines, 'exec "$@"'))
    return ("unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh")


def _lines(point_arn: str, path: str, role: Any, file_systems: Path) -> str:
    points = efs_backends[ACCOUNT][REGION].access_points
    point = next((one for one in points.values() if one.access_point_arn == point_arn), None)
    if point is None or not path.startswith(_MOUNTED_BELOW):
        raise NotMounted(f"{point_arn} cannot be mounted at {path}.")
    made = efs_backends[ACCOUNT][REGION].file_systems_by_id[point.file_system_id]
    if not made.number_of_mount_targets or not all(may(role, made, action) for action in ("Mount", "RootAccess")):
        raise NotMounted(f"{role.arn} cannot mount {made.file_system_id} as {point.posix_user}.")
    there, folder = shlex.quote(path), shlex.quote(str(file_systems / made.file_system_id))
    how = "rw" if may(role, made, "Write") else "ro"
    return f"mkdir -p {there}\nmount --bind {folder} {there}\nmount -o remount,bind,{how} {there}"


def may(role: Any, file_system: Any, action: str) -> bool:
    """Whether a role may do this as a client: a file system without a policy lets all do all whom nobody denies it."""
    need = Need(f"elasticfilesystem:Client{action}", file_system.file_system_arn)
    statements = list(statements_of(role))
    if file_system.file_system_policy is None:
        statements.append({"Effect": "Allow", "Action": need.action, "Resource": need.resource})
    return is_allowed(statements, need)
