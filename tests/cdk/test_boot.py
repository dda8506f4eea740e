"""The program of the user data: a real process, which asks an emulated AWS and a metadata service over HTTP."""

import ast
import functools
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

from cdk.packaging import boot
from deployment.local_cloud.machines.metadata import Metadata, handler_of
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.boot_failure import prepared_requests
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.record_endings import boot_log_key
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.lib.ddb import RecordTable
from tests.support.nightly import mostly_nightly

_PROGRAM = Path(boot.__file__)
_KEYS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret", "Token": "a/token+"}
_GROUP, _BUCKET, _TABLE = "efs-backup-worker", "logs", "records"
_LOG = "one\n" * 20 + 'E: "mirror" \x1b[1mis down\n'


@functools.cache
def _client(service: str, endpoint: str) -> Any:
    """Made once: it takes longer than all that a test does with it."""
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


class Cloud:
    """The cloud that the instance `i-1` reaches, and the files on its disk."""

    def __init__(self, place: Path, endpoint: str, metadata: str) -> None:
        self.place = place
        self._endpoint = endpoint
        self.environment = {
            "PATH": os.defpath, "AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
            "AWS_DEFAULT_REGION": "us-east-1", "GROUP_NAME": _GROUP, "LOG_BUCKET": _BUCKET, "STACK_NAME": "stack",
            "FOLDER_LABEL": "efs-backup", "AGENT_TASK": "backup", "TABLE_NAME": _TABLE,
        }  # fmt: skip

    def client(self, service: str) -> Any:
        """A client of the emulation."""
        return _client(service, self._endpoint)

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run the program as the user data does, with requests prepared for the table and less patience."""
        (self.place / "boot.py").write_text(
            _PROGRAM.read_text().replace("PAUSES = (2.0, 5.0, 10.0, 20.0)", "PAUSES = (0.0, 0.0)")
            .replace("LONGEST = 6, 300.0", "LONGEST = 6, 0.0")
        )  # fmt: skip
        (self.place / "requests.json").write_text(json.dumps(prepared_requests(_TABLE)))
        return subprocess.run(
            [sys.executable, self.place / "boot.py", *arguments],
            env={**self.environment, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def give_up(self, **environment: str) -> str:
        """The boot has failed; gives what the program said."""
        log = self.place / "log"
        log.write_text(_LOG)
        done = self.run("give-up", str(log), **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def capacity(self) -> int:
        """How many instances are wanted."""
        (group,) = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return int(group["DesiredCapacity"])

    def logs(self) -> dict[str, str]:
        """The texts in the log bucket."""
        client = self.client("s3")
        keys = [each["Key"] for each in client.list_objects_v2(Bucket=_BUCKET).get("Contents", [])]
        return {key: client.get_object(Bucket=_BUCKET, Key=key)["Body"].read().decode() for key in keys}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An emulated AWS."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def metadata() -> Iterator[str]:
    """The metadata service of the instance, with version 2 alone."""
    facts = {"instance-id": "i-1", "services/domain": "amazonaws.com"}
    told = Metadata(facts, "role", lambda: _KEYS)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(lambda _: told))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def cloud(endpoint: str, metadata: str, tmp_path: Path) -> Cloud:
    """A bucket, a table and a group that wants one instance."""
    made = Cloud(tmp_path, endpoint, metadata)
    boot.send("POST", f"{endpoint}/moto-api/reset", {})
    made.client("s3").create_bucket(Bucket=_BUCKET)
    made.client("dynamodb").create_table(
        TableName=_TABLE, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "BackupId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "BackupId", "AttributeType": "S"}],
    )  # fmt: skip
    made.client("autoscaling").create_launch_configuration(
        LaunchConfigurationName="c", ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    made.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=_GROUP, LaunchConfigurationName="c", MinSize=0, MaxSize=1, DesiredCapacity=1,
        AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    return made


def _running(cloud: Cloud, started: datetime) -> RecordTable:
    """The records, with one of a backup that is running."""
    store = RecordTable(cloud.client("dynamodb"), _TABLE)
    store.start(
        BackupRecord(
            backup_id=BackupId("0badcafe"), status=BackupStatus.RUNNING, start_time=started, window_minutes=180,
            interval=Interval.DAILY, retention=7, expires=started + timedelta(days=90),
        ),
        None,
    )  # fmt: skip
    return store


@pytest.mark.parametrize(("service", "sign", "path"), [
    ("s3", S3SigV4Auth, "a%20key/%C3%A4"), ("autoscaling", SigV4Auth, ""),
])  # fmt: skip
def test_a_request_is_signed_as_the_sdk_signs_it(service: str, sign: type[SigV4Auth], path: str) -> None:
    """With the session's token, a name that has to be quoted, and a body."""
    url, body = f"https://{service}.eu-west-1.amazonaws.com/{path}", b"what is sent"
    given = {"content-type": "text/plain", "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
    theirs = AWSRequest("PUT", url, given, body)
    sign(Credentials(*_KEYS.values()), service, "eu-west-1").add_auth(theirs)
    date = theirs.headers["X-Amz-Date"]
    headers = {"content-type": "text/plain", "x-amz-date": date}
    ours = boot.signed("PUT", url, headers, body, f"{date[:8]}/eu-west-1/{service}", _KEYS)
    assert ours["authorization"] == theirs.headers["Authorization"]


def test_the_bundle_is_brought_byte_by_byte(cloud: Cloud) -> None:
    """To where the user data wants it."""
    content = bytes(range(256)) * 5000
    cloud.client("s3").put_object(Bucket=_BUCKET, Key="efs-backup/v1 2/bundle.zip", Body=content)
    done = cloud.run("fetch", _BUCKET, "efs-backup/v1 2/bundle.zip", str(cloud.place / "bundle.zip"))
    assert done.returncode == 0, done.stderr
    assert (cloud.place / "bundle.zip").read_bytes() == content


_SETTINGS = "A=b\nhttp_proxy=\nhttps_proxy=\nno_proxy=localhost\nB=c\n"


def test_a_proxy_s_address_comes_from_a_parameter(cloud: Cloud) -> None:
    """Decrypted, in the place of the empty one; some read that file from its beginning, and some from its end."""
    address = "http://user:p%26w@10.0.0.5:3128"
    cloud.client("ssm").put_parameter(Name="/team/proxy", Value=address, Type="SecureString")
    file = cloud.place / "agent.env"
    file.write_text(_SETTINGS)
    done = cloud.run("proxy", "/team/proxy", str(file))
    assert done.returncode == 0, done.stderr
    assert address not in done.stdout
    assert file.read_text() == f"A=b\nno_proxy=localhost\nB=c\nhttp_proxy={address}\nhttps_proxy={address}\n"


@pytest.mark.parametrize(
    "value", mostly_nightly(["http://u:$(reboot)@h:1", "http://a\nPATH=/tmp", "10.0.0.5:3128", "http://a b"], 2)
)
def test_what_is_no_address_of_a_proxy_ends_the_boot(cloud: Cloud, value: str) -> None:
    """A shell reads that file: nothing of it may be a command or another setting. What it holds is not told."""
    cloud.client("ssm").put_parameter(Name="/team/proxy", Value=value, Type="SecureString")
    file = cloud.place / "agent.env"
    file.write_text(_SETTINGS)
    done = cloud.run("proxy", "/team/proxy", str(file))
    assert (done.returncode, file.read_text()) == (1, _SETTINGS)
    assert "/team/proxy holds no address" in done.stderr
    assert value not in done.stderr


def test_a_parameter_that_is_not_there_is_named(cloud: Cloud) -> None:
    """In one line."""
    done = cloud.run("proxy", "/team/proxy", "agent.env")
    assert done.returncode == 1
    assert "The parameter /team/proxy cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bundle_that_is_not_there_is_named(cloud: Cloud) -> None:
    """At once, and in one line, for its last lines are all that a mail has."""
    done = cloud.run("fetch", _BUCKET, "nothing.zip", str(cloud.place / "bundle.zip"))
    assert done.returncode == 1
    assert "nothing.zip cannot be fetched from logs" in done.stderr
    assert "404" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_cannot_be_reached_is_asked_again(cloud: Cloud) -> None:
    """Then it is said, in one line too."""
    done = cloud.run("fetch", _BUCKET, "bundle.zip", "file", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stdout.count("Tried again") == 2
    assert "Connection refused" in done.stderr


def test_a_backup_whose_boot_failed_is_told_by_its_instance(cloud: Cloud) -> None:
    """The log is stored, the record closed with its last lines, and no instance wanted: nobody else has to know it."""
    store = _running(cloud, datetime.now(UTC) - timedelta(minutes=1))
    cloud.give_up()
    ended = store.get(BackupId("0badcafe"))
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.TOOL_MISSING)
    assert ended.instance_id == "i-1"
    ((key, text),) = cloud.logs().items()
    assert ended.logs == f"s3://{_BUCKET}/{key}"
    assert text == _LOG
    assert (ended.message or "").endswith('one\nE: "mirror" ?[1mis down')
    assert (ended.message or "").count("one\n") == 11
    assert ended.stop_time
    assert key == boot_log_key(FolderLabel("efs-backup"), "backup", ended.stop_time)
    assert cloud.capacity() == 0


def test_a_backup_that_began_after_the_boot_is_not_closed(cloud: Cloud) -> None:
    """A backup that began later is the next instance's."""
    store = _running(cloud, datetime.now(UTC) + timedelta(minutes=1))
    cloud.give_up()
    assert store.get(BackupId("0badcafe")).status is BackupStatus.RUNNING
    assert cloud.capacity() == 0


def test_a_restore_whose_boot_failed_is_mailed_by_its_instance(cloud: Cloud) -> None:
    """Nobody else would: a restore stack has no orchestrator."""
    topic = cloud.client("sns").create_topic(Name="reports")["TopicArn"]
    queue = cloud.client("sqs").create_queue(QueueName="mails")["QueueUrl"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:mails")
    cloud.give_up(AGENT_TASK="restore", TOPIC_ARN=topic, TARGET_FILE_SYSTEM="fs-1")
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    mail = json.loads(message["Body"])
    assert mail["Subject"] == "EFS restore FAILED: fs-1 [stack]"
    assert {name: value["Value"] for name, value in mail["MessageAttributes"].items()}["severity"] == "error"
    assert 'one\nE: "mirror" ?[1mis down\n\nWhat is kept:\nEverything' in mail["Message"]
    assert next(iter(cloud.logs())) in mail["Message"]
    assert cloud.capacity() == 0


def test_an_instance_that_can_tell_nobody_is_given_back_all_the_same(cloud: Cloud) -> None:
    """After a few tries: no bucket, no table."""
    cloud.client("s3").delete_bucket(Bucket=_BUCKET)
    cloud.client("dynamodb").delete_table(TableName=_TABLE)
    said = cloud.give_up()
    assert "NoSuchBucket" in said
    assert "ResourceNotFoundException" in said
    assert cloud.capacity() == 0


def test_giving_back_is_tried_until_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long: an instance that keeps itself costs money for nothing. The pauses grow, up to five minutes."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)

    def give_back() -> None:
        if len(pauses) < 12:
            raise OSError("No route to host")

    boot.insist([], give_back)
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


def test_what_has_worked_is_not_done_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """One mail, though the log could not be stored at first."""
    done: list[str] = []
    monkeypatch.setattr("time.sleep", lambda _: done.append("sleep"))

    def store() -> None:
        if "sleep" not in done:
            raise OSError("No route to host")
        done.append("store")

    boot.insist([store, lambda: done.append("tell")], lambda: done.append("give back"))
    assert done == ["tell", "sleep", "store", "give back"]


@pytest.mark.parametrize(
    ("bucket", "host"), [("logs", "logs.s3.eu-west-1.amazonaws.eu"), ("my.logs", "s3.eu-west-1.amazonaws.eu/my.logs")]
)
def test_a_bucket_is_found_in_its_region(monkeypatch: pytest.MonkeyPatch, bucket: str, host: str) -> None:
    """By the domain that the metadata service names: it is another in China, and in the European Sovereign Cloud."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    told = {"services/domain": "amazonaws.eu", "iam/security-credentials/": "role"}
    monkeypatch.setattr(boot, "told", lambda name: told.get(name, json.dumps(_KEYS)))
    asked: list[str] = []

    def send(method: str, url: str, *_: object) -> bytes:
        asked.append(url)
        return b""

    monkeypatch.setattr(boot, "send", send)
    boot.call("s3", "GET", "/a key", bucket=bucket)
    assert asked == [f"https://{host}/a%20key"]


def test_the_program_runs_on_an_older_python() -> None:
    """The agent needs 3.11: an AMI of one's own that has none must be able to say so. Ubuntu 22.04 has 3.10."""
    ast.parse(_PROGRAM.read_text(), feature_version=(3, 10))
