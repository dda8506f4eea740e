"""A deployed backup stack, as it tells of itself by its outputs and parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from efs_backup.domain.errors import NothingThere, WrongUsage

MARKS = frozenset({"Orchestrator", "RecordTable", "BackupEFS"})
"""Outputs that a backup stack has, and no other stack together."""


@dataclass(frozen=True)
class DeployedStack:
    """`outputs` and `parameters` are those of the template, by their names; `status` is CloudFormation's word."""

    name: str
    region: str
    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_backup_stack(self) -> bool:
        """Whether it is one of ours, complete enough to say so."""
        return self.outputs.keys() >= MARKS

    @property
    def group_name(self) -> str:
        """The Auto Scaling group of its instances, whose name is fixed by the template."""
        return f"{self.name}-worker"

    @property
    def has_further_sources(self) -> bool:
        """Whether it may back up other file systems than that of its parameters, whose backups take turns."""
        return self.parameters.get("FurtherSources") == "Yes"

    def output(self, name: str) -> str:
        """One output. Raises NothingThere where the stack, of an older version perhaps, has none of that name."""
        if name not in self.outputs:
            raise NothingThere(
                f"The stack {self.name} has no output {name}.", "Update it to the version of this command."
            )
        return self.outputs[name]


def choose(stacks: Iterable[DeployedStack], name: str | None) -> DeployedStack:
    """Choose the stack of this name, or the only one. Raises NothingThere, WrongUsage with the names there are."""
    known = [*stacks]
    found = {stack.name: stack for stack in known if stack.is_backup_stack}
    names = ", ".join(sorted(found)) or "none"
    if name is not None:
        if name not in found:
            _refuse_half_made(known, name)
            raise NothingThere(f"There is no backup stack {name!r} in this region; there are: {names}.", _ELSEWHERE)
        return found[name]
    if not found:
        raise NothingThere("There is no backup stack in this region.", _ELSEWHERE)
    if len(found) > 1:
        raise WrongUsage(f"There are several backup stacks in this region: {names}.", "Give the name of one of them.")
    (only,) = found.values()
    return only


def _refuse_half_made(known: Iterable[DeployedStack], name: str) -> None:
    """Raises NothingThere of a stack that has no outputs yet, or none any more: it may be ours."""
    for stack in known:
        if stack.name == name and not stack.outputs:
            raise NothingThere(
                f"The stack {name} has no outputs: it is {stack.status}.",
                f"Wait until it is complete, or see why it is not:"
                f" aws cloudformation describe-stack-events --stack-name {name}",
            )


def choose_tagged(stacks: Iterable[DeployedStack], tag: str) -> DeployedStack:
    """Choose the only stack with a tag, `KEY=VALUE`. Raises NothingThere, WrongUsage."""
    key, _, value = tag.partition("=")
    found = [stack for stack in stacks if stack.is_backup_stack and stack.tags.get(key) == value]
    if not found:
        raise NothingThere(f"There is no backup stack with the tag {tag} in this region.", _ELSEWHERE)
    return choose(found, None)


_ELSEWHERE = "Look into another region (--region), or with other credentials (--profile)."
