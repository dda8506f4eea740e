"""A helper instance, which is told what to do by Run Command."""

import json
import shlex
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.aws.account import Account, RunFailed
from tests.aws.probe import INSTALLED

DOCUMENT = "AWS-RunShellScript"
_UNDER_WAY = ("Pending", "InProgress", "Delayed")
_NOT_YET = "InvalidInstanceId"
_BOOT_SECONDS = 600


@dataclass(frozen=True)
class Helper:
    """One instance of the site's group."""

    account: Account
    instance_id: str

    def ask(self, *words: str, minutes: float = 30.0) -> Any:
        """Let the probe do or find out something; gives its answer. Raises RunFailed with what it said."""
        command = self.send(f"for i in $(seq {_BOOT_SECONDS}); do [ -e {INSTALLED} ] && break; sleep 1; done",
                            shlex.join(("python3", INSTALLED, *words)))  # fmt: skip
        self.account.wait(f"{words[0]} on {self.instance_id}", lambda: self._status(command) not in _UNDER_WAY, minutes)
        done = self._invocation(command)
        if done["Status"] != "Success":
            raise RunFailed(f"{shlex.join(words)} on {self.instance_id}: {done['StandardErrorContent'].strip()}")
        return json.loads(done["StandardOutputContent"])

    def send(self, *lines: str) -> str:
        """A command is on its way; gives its id. Raises ClientError."""
        sent = self.account.client("ssm").send_command(
            InstanceIds=[self.instance_id], DocumentName=DOCUMENT, Parameters={"commands": list(lines)}
        )
        return str(sent["Command"]["CommandId"])

    def wait_until_reached(self) -> float:
        """Wait until Systems Manager reaches it; gives the seconds since its launch."""
        self.account.wait(f"Systems Manager reaches {self.instance_id}", self._is_reached, minutes=15)
        return time.time() - self.launched()

    def launched(self) -> float:
        """When it was launched, in seconds since the epoch."""
        found = self.account.client("ec2").describe_instances(InstanceIds=[self.instance_id])
        return float(found["Reservations"][0]["Instances"][0]["LaunchTime"].timestamp())

    def _is_reached(self) -> bool:
        try:
            self.send("true")
        except ClientError as error:
            if error.response["Error"]["Code"] != _NOT_YET:
                raise
            return False
        return True

    def _status(self, command: str) -> str:
        try:
            return str(self._invocation(command)["Status"])
        except ClientError as error:  # a moment after it was sent it is not known everywhere
            if error.response["Error"]["Code"] != "InvocationDoesNotExist":
                raise
            return _UNDER_WAY[0]

    def _invocation(self, command: str) -> Any:
        return self.account.client("ssm").get_command_invocation(CommandId=command, InstanceId=self.instance_id)
