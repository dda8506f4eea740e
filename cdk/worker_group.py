"""The group whose one instance makes a backup or a restore."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.conditions import either
from cdk.form import Form
from cdk.parameters import GRAVITON_TYPES, X86_TYPES
from cdk.permissions import acknowledge
from cdk.worker_role import group_name

HOLD_MINUTES = 60
"""How long the group waits for the agent to say goodbye, as in the solution that this project replaces."""

_DISK_GIGABYTES = 16


class WorkerGroup(Construct):
    """A launch template, and an Auto Scaling group of at most a few instances that starts with `desired`."""

    def __init__(
        self,
        scope: Construct,
        form: Form,
        *,
        role: iam.Role,
        security_groups: Sequence[str],
        user_data: str,
        most: str = "1",
        desired: str = "0",
    ) -> None:
        super().__init__(scope, "Group")
        self.ami = self._ami(form)
        template = self._template(form.text("InstanceType"), role, security_groups, user_data)
        self._group = autoscaling.CfnAutoScalingGroup(
            self,
            "Group",
            auto_scaling_group_name=group_name(),
            min_size="0",
            max_size=most,
            desired_capacity=desired,
            vpc_zone_identifier=form.texts("Subnets"),
            launch_template=autoscaling.CfnAutoScalingGroup.LaunchTemplateSpecificationProperty(
                launch_template_id=template.ref, version=template.attr_latest_version_number
            ),
            tags=[_name_tag()],
        )
        acknowledge(self._group, "AwsSolutions-AS3", "Its instances report by EventBridge or Amazon SNS.")
        self.name = self._group.ref

    def hold_before_termination(self) -> None:
        """Let an instance say goodbye before it is terminated."""
        autoscaling.CfnLifecycleHook(
            self,
            "Hold",
            auto_scaling_group_name=self.name,
            lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
            heartbeat_timeout=HOLD_MINUTES * 60,
            default_result="CONTINUE",
        )

    def start_after(self, *needed: Construct) -> None:
        """Let the first instance find what it needs."""
        self._group.node.add_dependency(*needed)

    def _ami(self, form: Form) -> str:
        """By the architecture of the chosen type."""
        kinds = dict.fromkeys(X86_TYPES, "x86") | dict.fromkeys(GRAVITON_TYPES, "Graviton")
        mapping = cdk.CfnMapping(
            self, "Architectures", mapping={name: {"Kind": kind} for name, kind in sorted(kinds.items())}
        )
        kind = mapping.find_in_map(form.text("InstanceType"), "Kind")
        graviton = cdk.CfnCondition(self, "IsGraviton", expression=cdk.Fn.condition_equals(kind, "Graviton"))
        return either(graviton, form.text("AmiGraviton"), form.text("AmiX86"))

    def _template(
        self, instance_type: str, role: iam.Role, security_groups: Sequence[str], user_data: str
    ) -> ec2.CfnLaunchTemplate:
        profile = iam.InstanceProfile(self, "Profile", role=role)
        data = ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
            image_id=self.ami,
            instance_type=instance_type,
            security_group_ids=security_groups,
            iam_instance_profile=ec2.CfnLaunchTemplate.IamInstanceProfileProperty(arn=profile.instance_profile_arn),
            metadata_options=ec2.CfnLaunchTemplate.MetadataOptionsProperty(
                http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[_encrypted_disk()],
            user_data=user_data,
        )
        template = ec2.CfnLaunchTemplate(self, "Template", launch_template_data=data)
        reason = "The parameters are names of SSM parameters; CloudFormation puts the ids of AMIs in their place."
        acknowledge(template, "CloudFormation-Validate::E1152", reason)
        return template


def _encrypted_disk() -> ec2.CfnLaunchTemplate.BlockDeviceMappingProperty:
    return ec2.CfnLaunchTemplate.BlockDeviceMappingProperty(
        device_name="/dev/sda1",
        ebs=ec2.CfnLaunchTemplate.EbsProperty(
            volume_type="gp3", volume_size=_DISK_GIGABYTES, encrypted=True, delete_on_termination=True
        ),
    )


def _name_tag() -> autoscaling.CfnAutoScalingGroup.TagPropertyProperty:
    name = f"{cdk.Aws.STACK_NAME}-instance"
    return autoscaling.CfnAutoScalingGroup.TagPropertyProperty(key="Name", value=name, propagate_at_launch=True)
