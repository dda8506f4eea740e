"""Asking AWS: what it answers, or why it does not."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.doctor.answer import Answer, Known, NotKnown, Unknown
from efs_backup.domain.errors import EfsBackupError
from efs_backup.lib.aws_errors import code_of, message_of

T = TypeVar("T")
Clients = Callable[[str], Any]
"""Makes a client of a service."""

_REFUSALS = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized")


def asked(work: Callable[[], T]) -> Answer[T]:
    """The result of calls of AWS, or why there is none: it refuses, or another answer that they need is missing."""
    try:
        return Known(work())
    except ClientError as error:
        return Unknown(_told(error))
    except (BotoCoreError, EfsBackupError, NotKnown) as error:
        return Unknown(str(error))
    except (LookupError, ValueError) as error:  # one odd answer must not hide what the others say
        return Unknown(f"An answer of AWS cannot be read: {error!r}.")


def _told(error: ClientError) -> str:
    if any(word in code_of(error) for word in _REFUSALS):
        return f"You may not call {error.operation_name}: allow it, or ask who may."
    message = message_of(error)
    is_text = message and not message.startswith("<")  # a page of HTML, where something between has failed
    return f"AWS refuses {error.operation_name}: {message if is_text else code_of(error)}"


def listed(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """All entries of a list that comes in pages."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]
