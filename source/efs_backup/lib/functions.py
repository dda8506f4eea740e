"""AWS Lambda: one function that is asked, and answers."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from efs_backup.domain.errors import ServiceFault

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


_LOOK = "Its log says more: efs-backup stack logs"


class Function:
    """A function that takes an event and answers with texts."""

    def __init__(self, client: "LambdaClient", name: str) -> None:
        self._client = client
        self._name = name

    def ask(self, event: Mapping[str, str]) -> dict[str, str]:
        """Send an event and wait for the answer. Raises ServiceFault where the function fails.

        A request whose answer is late is sent again: an event that does something must carry an id.
        """
        answer = self._client.invoke(
            FunctionName=self._name, InvocationType="RequestResponse", Payload=json.dumps(event).encode()
        )
        told = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise ServiceFault(f"The function {self._name} failed: {_error(told)}", _LOOK)
        return {name: str(value) for name, value in json.loads(told).items()}


def _error(told: bytes) -> str:
    try:
        found = json.loads(told)
        return f"{found.get('errorType', 'Error')}: {found.get('errorMessage', '')}"
    except (ValueError, AttributeError):
        return told.decode(errors="replace")
