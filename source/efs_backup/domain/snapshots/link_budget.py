"""The link budget: how many hard links an unchanged file may need in all series of one label."""

from collections.abc import Mapping
from dataclasses import dataclass

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.humanize import counted
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import HARD_LINK_LIMIT, RETENTION_LIMIT, Retention


@dataclass(frozen=True)
class LinkBudget:
    """The links that the rules of a label's series, its pins and the spare of each series take, one each.

    The series share what is unchanged, so the sum counts. The partial of a series is its spare before; what the limit
    of Amazon EFS allows beyond 170 is for trash that is not yet deleted.
    """

    rules: Mapping[Interval, Retention]
    pins: int = 0

    @property
    def snapshots(self) -> int:
        """Snapshots that are kept at most, pinned ones among them."""
        return sum(rule.most(interval) for interval, rule in self.rules.items()) + self.pins

    @property
    def links(self) -> int:
        """Links that a file may need: one in each snapshot, and one in the spare of each series."""
        return self.snapshots + len(self.rules)

    @property
    def is_kept(self) -> bool:
        """Whether a file has so many links. One number alone may be 170: its spare takes of what is for the trash."""
        is_alone = len(self.rules) == 1 and not self.pins and all(rule.is_plain for rule in self.rules.values())
        return self.links <= RETENTION_LIMIT + is_alone

    def __str__(self) -> str:
        rules = [f"{interval} {rule.most(interval)}{_in_detail(rule)}" for interval, rule in self.rules.items()]
        pins = [counted(self.pins, "pin")] if self.pins else []
        return ", ".join([*rules, *pins, counted(len(self.rules), "spare")])

    def refuse(self, what: str, before: "LinkBudget") -> None:
        """Raises WrongUsage where this is beyond the budget, and takes more than before; `what` would be new."""
        if self.is_kept or self.links <= before.links:
            return
        raise WrongUsage(
            f"{what} would need {self.links} hard links of an unchanged file ({self}), above the budget of"
            f" {RETENTION_LIMIT} for all series of a label: Amazon EFS allows {HARD_LINK_LIMIT} for one file, and the"
            " rest is for trash that is not yet deleted.",
            "Keep fewer by one of the rules, or release pins, and then try again. Nothing was changed.",
        )


def _in_detail(rule: Retention) -> str:
    return "" if rule.is_plain else f" ({rule.told})"
