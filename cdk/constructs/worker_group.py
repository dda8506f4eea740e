"""The group whose one instance makes a backup or a restore."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..parameters.field import is_open
from ..parameters.instance import GRAVITON_TYPES, X86_TYPES, Instance, Network
from ..permissions.allow import acknowledge
from ..permissions.worker_role import group_name
from .conditions import condition, either, equals

HOLD_MINUTES = 60
"""How long the group waits for the agent to say goodbye, as in the solution that this project replaces."""

_RESOLVED_AT_LAUNCH = "resolve:ssm:"
"""Auto Scaling looks the parameter up at each launch: no update of the stack is needed for a newer AMI."""

TOTAL = "GroupTotalInstances"
"""The metric of all instances of a group, in whatever state."""


@dataclass(frozen=True)
class Launch:
    """The properties that an instance is launched with."""

    role: iam.Role
    security_groups: Sequence[str]
    user_data: str


@dataclass(frozen=True)
class Size:
    """How many instances there may be.

    `desired` is sent again with every update that changes the group. So it is left out where something else sets it:
    the update would end what runs. Without it a group begins with its least size, none. `holds`: an instance may say
    goodbye before it is terminated. `counts`: CloudWatch knows each minute how many instances there are.
    """

    most: str = "1"
    desired: str | None = None
    holds: bool = False
    counts: bool = False


class WorkerGroup(Construct):
    """A launch template, and an Auto Scaling group of at most a few instances."""

    def __init__(self, scope: Construct, instance: Instance, network: Network, launch: Launch, size: Size) -> None:
        super().__init__(scope, "Group")
        self.ami = self._ami(instance)
        template = self._template(instance, launch)
        self._group = autoscaling.CfnAutoScalingGroup(
            self,
            "Group",
            auto_scaling_group_name=group_name(),
            min_size="0",
            max_size=size.most,
            desired_capacity=size.desired,
            vpc_zone_identifier=list(network.subnets),
            launch_template=autoscaling.CfnAutoScalingGroup.LaunchTemplateSpecificationProperty(
                launch_template_id=template.ref, version=template.attr_latest_version_number
            ),
            metrics_collection=[_every_minute()] if size.counts else None,
            tags=[_name_tag()],
        )
        acknowledge(self._group, "AwsSolutions-AS3", "Its instances report by EventBridge or Amazon SNS.")
        self.name = self._group.ref
        if size.holds:
            self._hold_before_termination()

    def start_after(self, *needed: Construct) -> None:
        """Let the first instance find what it needs."""
        self._group.node.add_dependency(*needed)

    def _hold_before_termination(self) -> None:
        """Let an instance say goodbye before it is terminated."""
        autoscaling.CfnLifecycleHook(
            self,
            "Hold",
            auto_scaling_group_name=self.name,
            lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
            heartbeat_timeout=HOLD_MINUTES * 60,
            default_result="CONTINUE",
        )

    def _ami(self, instance: Instance) -> str:
        """The name of a parameter, by the architecture of the chosen type."""
        if not is_open(instance.type):
            return instance.ami_graviton if instance.type in GRAVITON_TYPES else instance.ami_x86
        kinds = dict.fromkeys(X86_TYPES, "x86") | dict.fromkeys(GRAVITON_TYPES, "Graviton")
        mapping = cdk.CfnMapping(
            self, "Architectures", mapping={name: {"Kind": kind} for name, kind in sorted(kinds.items())}
        )
        kind = mapping.find_in_map(instance.type, "Kind")
        graviton = cdk.CfnCondition(self, "IsGraviton", expression=cdk.Fn.condition_equals(kind, "Graviton"))
        return either(graviton, instance.ami_graviton, instance.ami_x86)

    def _template(self, instance: Instance, launch: Launch) -> ec2.CfnLaunchTemplate:
        profile = iam.InstanceProfile(self, "Profile", role=launch.role)
        data = ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
            image_id=_RESOLVED_AT_LAUNCH + self.ami,
            instance_type=instance.type,
            security_group_ids=launch.security_groups,
            iam_instance_profile=ec2.CfnLaunchTemplate.IamInstanceProfileProperty(arn=profile.instance_profile_arn),
            metadata_options=ec2.CfnLaunchTemplate.MetadataOptionsProperty(
                http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[self._encrypted_disk(instance)],
            user_data=launch.user_data,
        )
        return ec2.CfnLaunchTemplate(self, "Template", launch_template_data=data)

    def _encrypted_disk(self, instance: Instance) -> ec2.CfnLaunchTemplate.BlockDeviceMappingProperty:
        asked = instance.disk_gigabytes
        of_the_ami = condition(self, "DiskIsOpen", equals(asked, "0"))
        size = cdk.Token.as_number(either(of_the_ami, cdk.Aws.NO_VALUE, asked))
        return ec2.CfnLaunchTemplate.BlockDeviceMappingProperty(
            device_name=instance.root_device,
            ebs=ec2.CfnLaunchTemplate.EbsProperty(
                volume_type="gp3", volume_size=size, encrypted=True, delete_on_termination=True
            ),
        )


def _name_tag() -> autoscaling.CfnAutoScalingGroup.TagPropertyProperty:
    name = f"{cdk.Aws.STACK_NAME}-instance"
    return autoscaling.CfnAutoScalingGroup.TagPropertyProperty(key="Name", value=name, propagate_at_launch=True)


def _every_minute() -> autoscaling.CfnAutoScalingGroup.MetricsCollectionProperty:
    """An empty group costs nothing."""
    return autoscaling.CfnAutoScalingGroup.MetricsCollectionProperty(granularity="1Minute", metrics=[TOTAL])
