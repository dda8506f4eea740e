"""The refusals of AWS: their codes, their messages, and our errors for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

from efs_backup.domain.errors import EfsBackupError, ServiceFault


def code_of(error: ClientError) -> str:
    """The code of a refusal, such as `ResourceNotFoundException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """The sentence of a refusal."""
    return str(error.response.get("Error", {}).get("Message", ""))


@contextmanager
def translated(refusal: EfsBackupError, *codes: str, saying: str = "") -> Iterator[None]:
    """Raise `refusal` where the service refuses with one of these codes, and with these words in its sentence."""
    try:
        yield
    except ClientError as error:
        if code_of(error) in codes and saying in message_of(error):
            raise refusal from error
        raise


@contextmanager
def ignored(*codes: str, saying: str = "") -> Iterator[None]:
    """Go on where the service refuses with one of these codes: what was asked for is so already."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes or saying not in message_of(error):
            raise


@contextmanager
def explained() -> Iterator[None]:
    """Raise ServiceFault, with a sentence for who has typed a command, where a service refuses or is out of reach."""
    try:
        yield
    except ClientError as error:
        raise ServiceFault(f"AWS refuses: {message_of(error)} ({error.operation_name})", _next_step(error)) from error
    except BotoCoreError as error:
        raise ServiceFault(
            f"AWS cannot be asked: {error}", "Are the credentials, the region and the network right?"
        ) from error


@contextmanager
def passing(note: Callable[[str], None]) -> Iterator[None]:
    """Go on, and note why, where a service is out of reach or asks for patience: that ends by itself."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in _PASSING:
            raise
        note(f"{message_of(error)} ({error.operation_name})")
    except (ConnectionError, HTTPClientError) as error:
        note(str(error))


@contextmanager
def refused_because(note: Callable[[str], None]) -> Iterator[None]:
    """Go on where a service refuses or is out of reach, and note why: what was asked for is of use, and no need."""
    try:
        yield
    except ClientError as error:
        note(f"{message_of(error)} ({error.operation_name})")
    except BotoCoreError as error:
        note(str(error))


SIGN_IN = "Sign in, such as by: aws sso login --profile NAME"
_ASK = "Whose credentials these are says: aws sts get-caller-identity"
_WAIT = "AWS asks for patience, or is in trouble for a moment: try it again in a minute."
_PASSING = frozenset({
    "BandwidthLimitExceeded", "EC2ThrottledException", "InternalError", "InternalFailure", "InternalServerError",
    "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
    "RequestThrottledException", "ServiceException", "ServiceUnavailable", "ServiceUnavailableException", "SlowDown",
    "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
    "TransactionInProgressException",
})  # fmt: skip
"""Faults that end by themselves, as each service calls them: those that boto3 tries again, and a service's own."""
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"})
_SKEWED = frozenset({"RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch"})


def _next_step(error: ClientError) -> str:
    """AWS tells of a clock that is wrong by the signature, in which the time is."""
    code = code_of(error)
    if code in _EXPIRED:
        return SIGN_IN
    if code in _PASSING:
        return _WAIT
    return "Is the clock of this machine right, and the secret key?" if code in _SKEWED else _ASK
