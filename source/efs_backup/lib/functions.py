"""AWS Lambda: one function that is asked, and answers."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import HTTPClientError

from efs_backup.domain.errors import ServiceFault
from efs_backup.domain.humanize import clipped

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


_LOOK = "Its log says more: efs-backup stack logs"
_MAYBE = "It may do all the same what it was asked for: efs-backup stack status"


class Function:
    """A function that takes an event and answers with texts."""

    def __init__(self, client: "LambdaClient", name: str) -> None:
        self._client = client
        self._name = name

    def ask(self, event: Mapping[str, Any]) -> dict[str, str]:
        """Send an event and wait for the answer. Raises ServiceFault where the function fails.

        A request whose answer is late is sent again: an event that does something must carry an id.
        """
        try:
            answer = self._client.invoke(
                FunctionName=self._name, InvocationType="RequestResponse", Payload=json.dumps(event).encode()
            )
            told = answer["Payload"].read()
        except (HTTPClientError, KeyboardInterrupt) as error:
            why = str(error) or "interrupted"
            raise ServiceFault(f"Nobody knows what the function {self._name} answers: {why}", _MAYBE) from error
        if answer.get("FunctionError"):
            raise ServiceFault(f"The function {self._name} failed: {_error(told)}", _LOOK)
        return _answer(self._name, told)


def _answer(name: str, told: bytes) -> dict[str, str]:
    try:
        found = json.loads(told)
        return {"action": found["action"], "reason": found["reason"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceFault(
            f"The function {name} answers what cannot be understood: {clipped(told.decode(errors='replace'), 200)}",
            "Is it the orchestrator of a stack of this version? See: efs-backup stack outputs",
        ) from error


def _error(told: bytes) -> str:
    try:
        found = json.loads(told)
        return f"{found.get('errorType', 'Error')}: {found.get('errorMessage', '')}"
    except (ValueError, AttributeError):
        return told.decode(errors="replace")
