"""S3: where logs go."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_logger = logging.getLogger(__name__)


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
        return f"s3://{self._name}/{key}"
