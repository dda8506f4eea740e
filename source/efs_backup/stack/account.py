"""The account of an operator, as far as credentials and region reach."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from efs_backup.domain.errors import PackageMissing
from efs_backup.domain.operations.deployed import DeployedStack


@dataclass(frozen=True)
class Account:
    """`client` makes a client of a service, with the operator's credentials, in `region`."""

    region: str
    client: Callable[[str], Any]

    @classmethod
    def of(cls, region: str | None, profile: str | None) -> "Account":
        """The account that is meant. Raises PackageMissing of those of AWS, and WrongUsage."""
        try:
            from efs_backup.lib.clients import Session  # noqa: PLC0415 - of an extra: its absence has a sentence
        except ModuleNotFoundError as error:
            if error.name not in {"boto3", "botocore"}:
                raise
            raise PackageMissing(error.name, "aws") from error
        session = Session.of(region, profile)
        return cls(session.region, session.client)

    def stack(self, name: str | None) -> DeployedStack:
        """The backup stack of that name, or the only one there is. Raises NothingThere, WrongUsage."""
        from efs_backup.lib.cloudformation import Stacks  # noqa: PLC0415 - as above

        return Stacks(self.client("cloudformation"), self.region).find(name)
