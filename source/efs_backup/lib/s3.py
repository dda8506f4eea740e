"""S3: where logs go, the marks of restores, and seals that are written once."""

import base64
import logging
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import BucketRefused
from efs_backup.lib.aws_errors import code_of
from efs_backup.lib.insisting import insist

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MARK_SECONDS = 120.0
"""Somebody waits for a restore, and a bucket that refuses for good is soon told."""

SEAL_SECONDS = 60.0
"""A seal that cannot be stored tonight is stored by the next backup."""

LARGEST_OBJECT = 5 * 1024**3
"""Bytes that one request can store (Amazon S3 API Reference, "PutObject")."""

_logger = logging.getLogger(__name__)
_TAKEN = "PreconditionFailed"
_Answer = TypeVar("_Answer")


class LogBucket:
    """One bucket for logs. A log that cannot be stored is no failure of the backup that it tells of."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def upload(self, file: Path, key: str) -> str | None:
        """Store a file; gives its address, or None where that failed, which is logged."""
        try:
            self._client.upload_file(str(file), self._name, key)
        except (S3UploadFailedError, BotoCoreError, ClientError, OSError):
            _logger.warning("The log %s could not be stored in %s", file, self._name, exc_info=True)
            return None
        return self.address(key)

    def address(self, key: str) -> str:
        """How people name an object."""
        return f"s3://{self._name}/{key}"

    def begin(self, key: str, text: str) -> str | None:
        """Write an object that must not be there yet; gives the text of the one that is. Raises BucketRefused."""
        try:
            return insist(lambda: self._begin(key, text), seconds=MARK_SECONDS)
        except (BotoCoreError, ClientError) as refused:
            raise BucketRefused(f"{self.address(key)} cannot be written or read: {refused}.") from refused

    def _begin(self, key: str, text: str) -> str | None:
        try:
            self._client.put_object(Bucket=self._name, Key=key, Body=text.encode(), IfNoneMatch="*")
        except ClientError as refused:
            if code_of(refused) != _TAKEN:
                raise
            return self._client.get_object(Bucket=self._name, Key=key)["Body"].read().decode()
        return None

    def replace(self, key: str, text: str) -> None:
        """Write an object that is there. Raises BucketRefused."""
        try:
            insist(lambda: self._client.put_object(Bucket=self._name, Key=key, Body=text.encode()))
        except (BotoCoreError, ClientError) as refused:
            raise BucketRefused(f"{self.address(key)} cannot be written: {refused}.") from refused

    def offer(self, key: str, text: str, kind: str) -> str:
        """Write an object of this media type, which nothing waits for; gives its address. Raises BucketRefused."""
        try:
            self._client.put_object(Bucket=self._name, Key=key, Body=text.encode(), ContentType=kind)
        except (BotoCoreError, ClientError) as refused:
            raise BucketRefused(f"{self.address(key)} cannot be written: {refused}.") from refused
        return self.address(key)


class SealBucket:
    """A bucket in which an object is written once: under Object Lock, and for a role that can do no more."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def address(self, key: str) -> str:
        """How people name an object."""
        return f"s3://{self._name}/{key}"

    def store(self, key: str, content: bytes, sha256: str) -> bool:
        """Write an object that must not be there yet; False where one is. Raises BucketRefused."""
        return self._insist(key, lambda: self._put(key, BytesIO(content), sha256))

    def store_file(self, key: str, file: IO[bytes], sha256: str) -> bool:
        """Write a file whose content has this SHA-256; False where an object is there. Raises BucketRefused."""
        return self._insist(key, lambda: self._put(key, file, sha256))

    def read(self, key: str) -> bytes:
        """An object that is there. Raises BucketRefused."""
        return self._insist(key, lambda: self._get(key))

    def _get(self, key: str) -> bytes:
        return self._client.get_object(Bucket=self._name, Key=key)["Body"].read()

    def _put(self, key: str, file: IO[bytes], sha256: str) -> bool:
        """Object Lock wants a checksum; with this one S3 itself refuses what is not the content that was sealed."""
        file.seek(0)
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        try:
            self._client.put_object(
                Bucket=self._name, Key=key, Body=file, IfNoneMatch="*", ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            )  # fmt: skip
        except ClientError as refused:
            if code_of(refused) != _TAKEN:
                raise
            return False
        return True

    def _insist(self, key: str, call: Callable[[], _Answer]) -> _Answer:
        try:
            return insist(call, seconds=SEAL_SECONDS)
        except (BotoCoreError, ClientError) as refused:
            raise BucketRefused(f"{self.address(key)} cannot be written or read: {refused}.") from refused
