"""Whether an instance can be launched, and may do what it has to."""

from collections.abc import Iterator

from efs_backup.domain.doctor.aws_command import aws, with_parameters
from efs_backup.domain.doctor.file_system_checks import key_fault
from efs_backup.domain.doctor.finding import Check, Found, fault, warning
from efs_backup.domain.doctor.key_policy import allows
from efs_backup.domain.doctor.permissions import INSTANCE, MOUNT, ORCHESTRATOR
from efs_backup.domain.doctor.stack_facts import Permission, StackFacts
from efs_backup.domain.sources.discovery import TAG
from efs_backup.domain.sources.row import BY_HAND

AUTO_SCALING_ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
PROCESSORS, FILE_SYSTEMS = "processors", "file systems"

_CAUSES = (
    (("capacity",), "Amazon EC2 has none of this type: another InstanceType, or more subnets."),
    (("vcpu", "limit", "quota"), "a quota of the account."),
    (("kms", "client.internalerror", "key"), "the default key of Amazon EBS (see ebs-key)."),
    (("ami", "image"), "the AMI (see ami)."),
    (("not authorized", "unauthorized"), "a permission of the Auto Scaling group's role."),
)


def _group(facts: StackFacts) -> Iterator[Found]:
    group = facts.group.value
    if group is None:
        yield fault(
            f"There is no Auto Scaling group {facts.stack.group_name}.",
            aws("cloudformation", "detect-stack-drift", facts.region, stack_name=facts.stack.name),
        )
    elif group.suspended:
        yield fault(
            f"Processes of the group {group.name} are suspended: {', '.join(group.suspended)}.",
            aws("autoscaling", "resume-processes", facts.region, auto_scaling_group_name=group.name),
        )


def _launches(facts: StackFacts) -> Iterator[Found]:
    launches = sorted(facts.launches.value, key=lambda launch: launch.time)
    if launches and launches[-1].has_failed:
        said = launches[-1].message
        cause = next((why for words, why in _CAUSES if any(word in said.lower() for word in words)), "not known here.")
        yield fault(
            f"The last launch, at {launches[-1].time:%Y-%m-%d %H:%M} UTC, has failed: {said.rstrip('.')}. Likely"
            f" cause: {cause}",
            aws(
                "autoscaling", "describe-scaling-activities", facts.region,
                auto_scaling_group_name=facts.stack.group_name, max_items="5",
            ),
        )  # fmt: skip


def _ami(facts: StackFacts) -> Iterator[Found]:
    parameter, image, machine = facts.stack.outputs.get("AmiId", ""), facts.image.value, facts.machine.value
    if not image.id:
        yield fault(
            f"There is no parameter {parameter} in Systems Manager, so that no AMI is found.",
            with_parameters(facts.stack, {_ami_parameter(machine.architectures): "NAME_OF_A_PARAMETER"}),
        )
        return
    if image.state != "available":
        yield fault(
            f"The AMI {image.id} of {parameter} is {image.state}.",
            aws("ssm", "put-parameter", facts.region, name=parameter, value="AMI", overwrite=True),
        )
    if image.architecture not in machine.architectures:
        yield fault(
            f"The AMI {image.id} of {parameter} is for {image.architecture}, and {machine.name} is"
            f" {' or '.join(machine.architectures)}.",
            with_parameters(facts.stack, {_ami_parameter(machine.architectures): "NAME_OF_A_PARAMETER"}),
        )
    if (device := facts.parameter("RootDevice", image.root_device)) != image.root_device:
        yield fault(
            f"The root device of the AMI {image.id} is {image.root_device}, and RootDevice says {device}.",
            with_parameters(facts.stack, {"RootDevice": image.root_device}),
        )
    if 0 < int(facts.parameter("DiskGigabytes", "0")) < image.disk:
        yield fault(
            f"The disk of the AMI {image.id} has {image.disk} GB, and DiskGigabytes says"
            f" {facts.parameter('DiskGigabytes')}: Amazon EC2 refuses the launch.",
            with_parameters(facts.stack, {"DiskGigabytes": str(image.disk)}),
        )


def _ami_parameter(architectures: tuple[str, ...]) -> str:
    return "AmiGraviton" if "arm64" in architectures else "AmiX86"


def _instance_type(facts: StackFacts) -> Iterator[Found]:
    machine, zones = facts.machine.value, {subnet.zone for subnet in facts.subnets.value}
    missing = sorted(zones - machine.zones)
    if not missing:
        return
    look = aws(
        "ec2", "describe-instance-type-offerings", facts.region, location_type="availability-zone",
        filters=f"Name=location,Values={','.join(sorted(zones))}",
    )  # fmt: skip
    level = fault if zones == {*missing} else warning
    yield level(f"There is no {machine.name} in {', '.join(missing)}.", look)


def _ebs_key(facts: StackFacts) -> Iterator[Found]:
    key = facts.default_key.value
    if key is None or not key.is_ours:
        return
    yield from key_fault(key, "new EBS volumes", facts.region)
    role = f"arn:{key.arn.split(':')[1]}:iam::{facts.account}:{AUTO_SCALING_ROLE}"  # the key may be another account's
    if role in key.grantees or allows(key.policy, role, ""):
        return
    grant = aws(
        "kms", "create-grant", facts.region, key_id=key.arn, grantee_principal=role,
        operations=[
            "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
            "DescribeKey", "CreateGrant",
        ],
    )  # fmt: skip
    yield fault(
        f"New EBS volumes are encrypted with {key.arn}, a key of your own, which does not let"
        " AWSServiceRoleForAutoScaling use it.",
        grant,
    )


def _processors(facts: StackFacts) -> Iterator[Found]:
    quota, machine = facts.quotas[PROCESSORS].value, facts.machine.value
    workers = int(facts.parameter("Workers") or 1)
    needed, each = machine.processors * workers, f" each for {workers} instances" if workers > 1 else ""
    if quota.limit - quota.used >= needed:
        return
    ask = aws(
        "service-quotas", "request-service-quota-increase", facts.region, service_code=quota.service,
        quota_code=quota.code, desired_value=f"{quota.limit + max(needed, 32):.0f}",
    )  # fmt: skip
    level = fault if quota.limit < machine.processors else warning
    yield level(
        f"{machine.name} needs {machine.processors} vCPUs{each}; of {quota.limit:.0f} ({quota.name})"
        f" {quota.used:.0f} are in use.",
        ask,
    )


def _file_systems(facts: StackFacts) -> Iterator[Found]:
    quota = facts.quotas[FILE_SYSTEMS].value
    if quota.used >= quota.limit:
        yield warning(
            f"The account has {quota.used:.0f} of {quota.limit:.0f} file systems ({quota.name}): none can be made to"
            " restore into.",
            aws(
                "service-quotas", "request-service-quota-increase", facts.region, service_code=quota.service,
                quota_code=quota.code, desired_value=f"{quota.limit + 10:.0f}",
            ),
        )  # fmt: skip


def _may(which: str, facts: StackFacts) -> Iterator[Found]:
    refused = [one for one in facts.permissions[which].value if one.decision != "allowed"]
    for one in refused:
        of = f" ({one.of})" if one.of else ""
        yield fault(
            f"The role {one.role} may not {one.action} on {one.resource}{of}: {_denied(one)}.", _allow(facts, one)
        )  # fmt: skip


def _allow(facts: StackFacts, one: Permission) -> str:
    """Let the role mount a further source, by the tag that bounds that; else show how IAM decides."""
    if one.of and one.action in MOUNT and one.decision == "implicitDeny":
        system = one.resource.rpartition("/")[2]
        return aws("efs", "tag-resource", facts.region, resource_id=system, tags=f"Key={TAG},Value={BY_HAND}")
    return aws(
        "iam", "simulate-principal-policy", facts.region, policy_source_arn=one.role, action_names=one.action,
        resource_arns=one.resource,
    )  # fmt: skip


def _denied(one: Permission) -> str:
    how = "nothing allows it" if one.decision == "implicitDeny" else "a policy denies it"
    return f"{how} ({one.by})" if one.by else how


def _instance_may(facts: StackFacts) -> Iterator[Found]:
    return _may(INSTANCE, facts)


def _orchestrator_may(facts: StackFacts) -> Iterator[Found]:
    return _may(ORCHESTRATOR, facts)


LAUNCH_CHECKS = (
    Check(
        "group",
        "The Auto Scaling group is there, and none of its processes is suspended.",
        "A group that does not launch, or does not let go, makes no backup.",
        _group,
    ),
    Check(
        "launches",
        "The group could launch what it launched last.",
        "The group tries until the window closes; then the backup is Failed, and nothing was copied.",
        _launches,
    ),
    Check(
        "ami",
        "The AMI is there, and fits the instance type.",
        "It is looked up at each launch: one that does not fit fails each launch, or boots to nothing.",
        _ami,
    ),
    Check(
        "instance-type",
        "The instance type is offered in the zones of all subnets.",
        "A launch in a zone without it fails.",
        _instance_type,
    ),
    Check(
        "ebs-key",
        "The group may encrypt the instance's disk.",
        "Each launch fails with Client.InternalError otherwise, and nothing else is said.",
        _ebs_key,
    ),
    Check(
        "vcpu-quota",
        "The quota of vCPUs leaves room for the instance.",
        "A launch beyond it fails.",
        _processors,
    ),
    Check(
        "file-system-quota",
        "Another file system can be made.",
        "On the day of a restore of everything one is wanted.",
        _file_systems,
    ),
    Check(
        "instance-role",
        "The role of the instance may call all that the agent calls.",
        "What the agent may not do ends its backup, or leaves it without a record or a log.",
        _instance_may,
    ),
    Check(
        "orchestrator-role",
        "The role of the orchestrator may call all that it calls.",
        "What the function may not do is not started, not ended, or not told.",
        _orchestrator_may,
    ),
)
