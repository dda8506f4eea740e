"""The behaviour of moto that differs from AWS, set right while the cloud is open."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from moto.awslambda.models import LambdaFunction
from moto.cloudformation.parsing import ResourceMap
from moto.core.exceptions import JsonRESTError
from moto.ec2.models.instances import InstanceBackend
from moto.efs.models import AccessPoint, EFSBackend, FileSystem
from moto.kms.models import Key
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import Topic
from moto.ssm.models import Command, Document, SimpleSystemManagerBackend, ssm_backends

from deployment.local_cloud.aws.bus import heard_by_patterns
from deployment.local_cloud.aws.file_systems import FileSystems
from deployment.local_cloud.aws.mail import Mail, MailBox
from deployment.local_cloud.machines.fleet import Fleet
from deployment.local_cloud.place import ACCOUNT, REGION
from efs_backup.domain.operations.triggers import COMMAND_EVENT, SYSTEMS_MANAGER_SOURCE

AMI = "ami-1234567890abcdef0"
_PUBLIC_AMIS = "/aws/service/canonical/"
_AT_LAUNCH = "resolve:ssm:"


Inner = Callable[..., Any]
Event = dict[str, Any]


class InvalidInstanceId(JsonRESTError):
    """Systems Manager does not reach the instance."""

    def __init__(self, instance_id: str) -> None:
        super().__init__("InvalidInstanceId", f"Instances [[{instance_id}]] not in a valid state for account {ACCOUNT}")


@contextmanager
def retaining() -> Iterator[None]:
    """While this lasts moto knows `RetainExceptOnCreate`: once a stack is there it means `Retain`."""
    with mock.patch.object(ResourceMap, "delete", _around(ResourceMap.delete, _kept)):
        yield


def _kept(inner: Inner, resources: Any) -> None:
    for resource in resources._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"
    inner(resources)


def _text_of_document(inner: Inner, document: Document, **given: Any) -> None:
    """A document of a template is an object there; moto keeps that, and fails at its hash."""
    content = given["content"]
    inner(document, **{**given, "content": content if isinstance(content, str) else json.dumps(content)})


def _text_of_policy(inner: Inner, key: Key, policy: Any, *given: Any, **more: Any) -> None:
    """The policy of a key is an object in a template, too; moto reads a text."""
    inner(key, policy if policy is None or isinstance(policy, str) else json.dumps(policy), *given, **more)


@contextmanager
def set_right(
    fleet: Fleet, file_systems: FileSystems, mail_box: MailBox, listener: Callable[[Event], None]
) -> Iterator[None]:
    """While this lasts moto launches and terminates real processes, keeps files, sends mail, and runs commands.

    `listener` gets an event when a command ends.
    """
    with ExitStack() as patches:
        for owner, name, around in (
            (ResourceMap, "load_parameters", _parameters),
            (InstanceBackend, "run_instances", _launches(fleet)),
            (InstanceBackend, "terminate_instances", _terminations(fleet)),
            (SimpleSystemManagerBackend, "send_command", _commands(fleet, listener)),
            (EFSBackend, "create_mount_target", _mount_targets(file_systems)),
            (EFSBackend, "delete_mount_target", _no_mount_targets(file_systems)),
            (Topic, "publish", _publications(mail_box)),
            (Document, "__init__", _text_of_document),
            (Key, "__init__", _text_of_policy),
        ):
            patches.enter_context(mock.patch.object(owner, name, _around(getattr(owner, name), around)))
        patches.enter_context(retaining())
        patches.enter_context(heard_by_patterns())
        patches.enter_context(mock.patch.object(FileSystem, "size_in_bytes", _size(file_systems)))
        for name, made in _OF_ACCESS_POINTS.items():
            patches.enter_context(mock.patch.object(AccessPoint, name, made, create=True))
        patches.enter_context(mock.patch.object(LambdaFunction, _MADE_BY_TEMPLATE, classmethod(_mounting_function)))
        patches.enter_context(mock.patch.object(FakeBucket, _MADE_BY_TEMPLATE, classmethod(_locked_bucket)))
        yield


_OF_ACCESS_POINTS = {
    "physical_resource_id": property(lambda point: point.access_point_id),
    "has_cfn_attr": staticmethod(lambda attribute: attribute == "Arn"),
    "get_cfn_attribute": lambda point, _: point.access_point_arn,
}
_MADE_BY_TEMPLATE = "create_from_cloudformation_json"
_made_function = LambdaFunction.create_from_cloudformation_json


def _mounting_function(_: Any, resource_name: str, cloudformation_json: Any, *given: Any, **more: Any) -> Any:
    """A function that knows what it mounts, which moto leaves out."""
    made: Any = _made_function(resource_name, cloudformation_json, *given, **more)
    made.file_system_configs = cloudformation_json["Properties"].get("FileSystemConfigs", [])
    return made


_made_bucket = FakeBucket.create_from_cloudformation_json


def _locked_bucket(_: Any, resource_name: str, cloudformation_json: Any, *given: Any, **more: Any) -> FakeBucket:
    """A bucket with the versions and the lock that its template asks for, which moto leaves out."""
    bucket = _made_bucket(resource_name, cloudformation_json, *given, **more)
    if lock := cloudformation_json["Properties"].get("ObjectLockConfiguration"):
        kept = lock["Rule"]["DefaultRetention"]
        bucket.versioning_status = "Enabled"
        s3_backends[ACCOUNT]["aws"].put_object_lock_configuration(
            resource_name, True, kept["Mode"], int(kept["Days"]), 0
        )  # fmt: skip
    return bucket


def _around(inner: Inner, around: Callable[..., Any]) -> Inner:
    """A method that is called with the one it replaces."""

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        return around(inner, self, *arguments, **named)

    return method


def _parameters(inner: Inner, resources: Any) -> None:
    """A Number is text wherever it is referred to."""
    inner(resources)
    for values in (resources.resolved_parameters, resources._parsed_resources):
        values.update({name: str(value) for name, value in values.items() if isinstance(value, int | float)})


def _image(name: str) -> str:
    """The AMI of a launch template, which may be the name of a parameter that is looked up at each launch."""
    if not name.startswith(_AT_LAUNCH):
        return name
    wanted = name.removeprefix(_AT_LAUNCH)
    if wanted.startswith(_PUBLIC_AMIS):
        return AMI
    found = ssm_backends[ACCOUNT][REGION].get_parameter(wanted)
    return found.value if found else wanted


def _launches(fleet: Fleet) -> Inner:
    def run_instances(inner: Inner, backend: Any, image: str, *arguments: Any, **named: Any) -> Any:
        template = named["launch_template"]
        reservation = inner(backend, _image(image), *arguments, **named)
        for instance in reservation.instances:
            fleet.launch(instance, template)
        return reservation

    return run_instances


def _terminations(fleet: Fleet) -> Inner:
    def terminate_instances(inner: Inner, backend: Any, instance_ids: list[str]) -> Any:
        fleet.terminate(instance_ids)
        return inner(backend, instance_ids)

    return terminate_instances


def _commands(fleet: Fleet, listener: Callable[[Event], None]) -> Inner:
    def send_command(inner: Inner, backend: Any, **asked: Any) -> Any:
        wanted = list(asked["instance_ids"])
        for instance_id in wanted:
            if fleet.running(instance_id) is None:
                raise InvalidInstanceId(instance_id)
        command: Command = inner(backend, **asked)
        command.status, command.instance_ids = "InProgress", wanted
        # moto takes no targets for all instances that there are
        command.invocations = [each for each in command.invocations if each["InstanceId"] in wanted]
        for invocation in command.invocations:
            invocation |= {"Status": "InProgress", "StatusDetails": "InProgress", "ResponseCode": -1}
            fleet.run(invocation["InstanceId"], asked["parameters"]["commands"], _ending(command, invocation, listener))
        return command

    return send_command


def _ending(
    command: Any, invocation: dict[str, Any], listener: Callable[[Event], None]
) -> Callable[[int, bytes, bytes], None]:
    def end(code: int, stdout: bytes, stderr: bytes) -> None:
        status = "Success" if code == 0 else "Failed"
        texts = {"stdout": stdout, "stderr": stderr}
        invocation.update(
            Status=status, StatusDetails=status, ResponseCode=code,
            StandardOutputContent=stdout.decode(), StandardErrorContent=stderr.decode(),
        )  # fmt: skip
        command.status = command.status_details = status
        place = f"{command.output_s3_key_prefix}/{command.command_id}/{invocation['InstanceId']}/awsrunShellScript"
        for name, text in texts.items() if command.output_s3_bucket_name else ():
            s3_backends[ACCOUNT]["aws"].put_object(command.output_s3_bucket_name, f"{place}/{name}", text)
        listener(_event_of(command))

    return end


def _event_of(command: Any) -> Event:
    """As in the Systems Manager User Guide, "Amazon EventBridge event examples for Systems Manager"."""
    return {
        "version": "0", "id": str(uuid.uuid4()), "detail-type": COMMAND_EVENT, "source": SYSTEMS_MANAGER_SOURCE,
        "account": ACCOUNT, "region": REGION,
        "resources": [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{name}" for name in command.instance_ids],
        "detail": {
            "command-id": command.command_id, "document-name": command.document_name, "status": command.status,
            "parameters": command.parameters,
        },
    }  # fmt: skip


def _mount_targets(file_systems: FileSystems) -> Inner:
    def create_mount_target(inner: Inner, backend: Any, *arguments: Any, **named: Any) -> Any:
        made = inner(backend, *arguments, **named)
        file_systems.mountable(made.file_system_id, made.ip_address)
        return made

    return create_mount_target


def _no_mount_targets(file_systems: FileSystems) -> Inner:
    def delete_mount_target(inner: Inner, backend: Any, mount_target_id: str) -> None:
        address = backend.mount_targets_by_id[mount_target_id].ip_address
        inner(backend, mount_target_id)
        file_systems.not_mountable(address)

    return delete_mount_target


def _publications(mail_box: MailBox) -> Inner:
    def publish(inner: Inner, topic: Any, message: str, subject: str | None = None, **named: Any) -> Any:
        published = inner(topic, message, subject=subject, **named)
        subscriptions, _ = topic.sns_backend.list_subscriptions_by_topic(topic_arn=topic.arn)
        for subscription in subscriptions:
            if subscription.protocol == "email":
                mail_box.receive(Mail(subscription.endpoint, subject or "AWS Notification Message", message))
        return published

    return publish


def _size(file_systems: FileSystems) -> property:
    def size_in_bytes(made: Any) -> dict[str, Any]:
        size = file_systems.size(made.file_system_id)
        return {"Value": size, "ValueInIA": 0, "ValueInStandard": size, "Timestamp": made.creation_time}

    return property(size_in_bytes)
