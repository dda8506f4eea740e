"""S3: where logs go, and the marks of restores."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from efs_backup.domain.errors import BucketRefused
from efs_backup.lib.aws_errors import code_of
from efs_backup.lib.insisting import insist

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MARK_SECONDS = 120.0
"""Somebody waits for a restore, and a bucket that refuses for good is soon told."""

_logger = logging.getLogger(__name__)
_TAKEN = "PreconditionFailed"


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
