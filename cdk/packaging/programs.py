"""The programs that the stacks run: the code of both Lambda functions, and the bundle that the instance installs."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

LAMBDA_ZIP = "efs_to_efs_backup.zip"
BUNDLE_ZIP = "efs-backup-agent.zip"
PAGE_ZIP = "efs-backup-page.zip"

_PACKAGED = Path(__file__).resolve().parents[1] / "programs"
_MOUNT_HELPER = "packages/amazon-efs-utils"
"""The beginning of its name in the bundle: the rest has a version and an architecture."""


@dataclass(frozen=True)
class Stored:
    """An object in S3, and the checksum that it must have."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True)
class Programs:
    """Where the programs are: files for CDK to upload, or, with a `code_bucket`, uploaded by somebody."""

    lambda_zip: Path
    bundle_zip: Path
    page_zip: Path
    code_bucket: Callable[[], str] | None = None
    key_prefix: str = ""

    @classmethod
    def packaged(cls) -> "Programs":
        """Those that the package efs-backup-cdk brings. Raises FileNotFoundError in a checkout, which has none."""
        if not (_PACKAGED / BUNDLE_ZIP).is_file():
            raise FileNotFoundError(
                f"{_PACKAGED} has no programs: install efs-backup-cdk, or give `programs` (deployment/build-bundle.sh)."
            )
        return cls(_PACKAGED / LAMBDA_ZIP, _PACKAGED / BUNDLE_ZIP, _PACKAGED / PAGE_ZIP)

    @property
    def mounts_encrypted(self) -> bool:
        """Whether the bundle brings the mount helper of Amazon EFS."""
        with zipfile.ZipFile(self.bundle_zip) as bundle:
            return any(name.startswith(_MOUNT_HELPER) for name in bundle.namelist())

    def lambda_code(self, scope: Construct) -> lambda_.Code:
        """The code of the orchestrator."""
        return self._code(scope, self.lambda_zip, LAMBDA_ZIP)

    def page_code(self, scope: Construct) -> lambda_.Code:
        """The code of the page."""
        return self._code(scope, self.page_zip, PAGE_ZIP)

    def _code(self, scope: Construct, file: Path, name: str) -> lambda_.Code:
        if self.code_bucket is None:
            return lambda_.Code.from_asset(str(file))
        bucket = s3.Bucket.from_bucket_name(scope, f"CodeBucketOf{name.partition('.')[0]}", self.code_bucket())
        return lambda_.Code.from_bucket(bucket, self.key_prefix + name)

    def bundle(self, scope: Construct) -> Stored:
        """The agent's bundle."""
        checksum = hashlib.sha256(self.bundle_zip.read_bytes()).hexdigest()
        if self.code_bucket is None:
            asset = s3_assets.Asset(scope, "Bundle", path=str(self.bundle_zip))
            return Stored(asset.s3_bucket_name, asset.s3_object_key, checksum)
        return Stored(self.code_bucket(), self.key_prefix + BUNDLE_ZIP, checksum)
