"""Both stacks, deployed and removed by the real CDK command, into moto's AWS."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from deployment.local_cloud.aws.behaviour import retaining
from tests.support.assembly import Assembly

_COMMAND = "aws-cdk@2.1148.1"
_ACCOUNT, _REGION = "123456789012", "us-east-1"
_QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_VERSION_CHECK": "1",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
}
_LOGIN = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": _REGION,
    "AWS_DEFAULT_REGION": _REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

pytestmark = [
    pytest.mark.skipif(shutil.which("npx") is None, reason="needs npx"),
    pytest.mark.filterwarnings("ignore:Tried to parse"),  # moto leaves out what it does not know
]


@dataclass(frozen=True)
class Cloud:
    """moto's server, and the CDK command that talks to it."""

    port: int
    place: Path

    @property
    def environment(self) -> dict[str, str]:
        """For a process that shall know no other AWS; moto reads templates only from an address called localhost."""
        addresses = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION": f"http://localhost:{self.port}",
        }
        return {**os.environ, **_QUIET, **_LOGIN, **addresses}

    def client(self, service: Any) -> Any:
        """A client of this cloud."""
        return boto3.client(
            service,
            region_name=_REGION,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - moto takes anything
        )

    def bootstrap(self) -> None:
        """As far as the command needs it: the bucket for programs, and the version of the preparation.

        moto keeps what other servers of this process have left: it is forgotten first.
        """
        address = f"{self.environment['AWS_ENDPOINT_URL']}/moto-api/reset"
        urllib.request.urlopen(address, b"").close()  # noqa: S310 - our own server
        self.client("s3").create_bucket(Bucket=f"cdk-hnb659fds-assets-{_ACCOUNT}-{_REGION}")
        self.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")

    def cdk(self, *arguments: str) -> None:
        """Run the command; what it says is shown if it fails."""
        line = ["npx", "--yes", _COMMAND, *arguments, "--no-notices"]
        done = subprocess.run(
            line, cwd=self.place, env=self.environment, capture_output=True, text=True, check=False, timeout=200
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def deploy(self, assembly: Assembly, stack: str, **parameters: str) -> dict[str, str]:
        """Deploy a stack; gives its outputs."""
        given = [part for name, value in parameters.items() for part in ("--parameters", f"{name}={value}")]
        app = ["--app", str(assembly.place)]
        self.cdk("deploy", stack, *app, "--method=direct", "--require-approval", "never", *given)
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        assert found["StackStatus"] == "CREATE_COMPLETE"
        return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A fresh account that CDK may use."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    made = Cloud(server.get_host_and_port()[1], tmp_path_factory.mktemp("work"))
    made.bootstrap()
    with retaining():
        yield made
    server.stop()


@pytest.fixture(scope="module")
def given(cloud: Cloud) -> dict[str, str]:
    """The parameters that both stacks must be given, as they are in this account."""
    ec2 = cloud.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    source = cloud.client("efs").create_file_system(CreationToken="source")["FileSystemId"]
    return {
        "SrcEFS": source,
        "VpcId": vpc["VpcId"],
        "Subnets": ",".join(subnets),
        "Email": "someone@example.com",
    }


@pytest.mark.long  # the local cloud deploys the same templates for each change
def test_both_stacks_are_deployed_and_removed(cloud: Cloud, assembly: Assembly, given: dict[str, str]) -> None:
    """With what the first one puts out the second one is made; what must stay stays."""
    backup = cloud.deploy(assembly, "EfsBackup", **given)
    targets = cloud.client("efs").describe_mount_targets(FileSystemId=backup["BackupEFS"])["MountTargets"]
    assert len(targets) == 2
    code = cloud.client("lambda").get_function(FunctionName=backup["Orchestrator"])["Configuration"]
    assert code["Environment"]["Variables"]["BACKUP_FILE_SYSTEM"] == backup["BackupEFS"]

    taken = {"DstEFS": backup["BackupEFS"], "SecurityGroupId": backup["SecurityGroup"]}
    cloud.deploy(assembly, "EfsRestore", **given, **taken, RestoreLogBucket=backup["LogBucket"])
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    sizes = {group["AutoScalingGroupName"]: group["DesiredCapacity"] for group in groups}
    assert sizes == {"EfsBackup-worker": 0, "EfsRestore-worker": 1}

    cloud.cdk("destroy", "EfsRestore", "EfsBackup", "--app", str(assembly.place), "--force")
    assert not cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert cloud.client("efs").describe_file_systems(FileSystemId=backup["BackupEFS"])["FileSystems"]
    assert cloud.client("s3").head_bucket(Bucket=backup["LogBucket"])
