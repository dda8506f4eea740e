"""Systems Manager: the document that makes the source quiet on other instances."""

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import HookFailed
from efs_backup.domain.operations.quiescing import (
    DELIVERY_SECONDS,
    PHASE_PARAMETER,
    QUIESCE_TAG,
    CommandProgress,
    InstanceWords,
    what_to_do,
)
from efs_backup.domain.requests.hooks import Phase

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_logger = logging.getLogger(__name__)
_ALL = "100%"
"""Of the instances at a time, and of failures: `after` must reach each of them, whatever the others do."""


class QuiesceDocument:
    """Runs a document of this account on the instances whose tag has a value."""

    def __init__(self, client: "SSMClient", document: str, tag: str) -> None:
        self.name = document
        self._client = client
        self._tag = tag

    def send(self, phase: Phase) -> str:
        """Have it run; the id of the command. Raises HookFailed."""
        try:
            return self._client.send_command(
                Targets=[{"Key": f"tag:{QUIESCE_TAG}", "Values": [self._tag]}],
                DocumentName=self.name,
                Comment=f"EFS backup, {phase}",
                Parameters={PHASE_PARAMETER: [str(phase)]},
                TimeoutSeconds=DELIVERY_SECONDS,
                MaxConcurrency=_ALL,
                MaxErrors=_ALL,
            )["Command"]["CommandId"]
        except (ClientError, BotoCoreError) as refused:
            raise HookFailed(
                f"The document {self.name} could not be run ({phase}): {refused}.", what_to_do(self.name, phase)
            ) from refused

    def progress(self, command_id: str) -> CommandProgress | None:
        """How the command stands; None where that is not known now."""
        try:
            found = self._client.list_commands(CommandId=command_id)["Commands"]
        except (ClientError, BotoCoreError) as refused:
            _logger.warning("It is not known how the command %s stands: %s", command_id, refused)
            return None
        if not found:
            return None
        command = found[0]
        return CommandProgress(command["Status"], command.get("StatusDetails", ""), command.get("TargetCount", 0))

    def words(self, command_id: str) -> list[InstanceWords]:
        """How it ended on each instance; none where that is not known."""
        pages = self._client.get_paginator("list_command_invocations")
        try:
            return [
                InstanceWords(
                    one.get("InstanceId", ""),
                    one.get("StatusDetails", ""),
                    "\n".join(plugin.get("Output", "") for plugin in one.get("CommandPlugins", [])),
                )
                for page in pages.paginate(CommandId=command_id, Details=True)
                for one in page["CommandInvocations"]
            ]
        except (ClientError, BotoCoreError) as refused:
            _logger.warning("It is not known how the command %s ended: %s", command_id, refused)
            return []
