"""How instances are launched: the group and its template, the AMI, the type, and quotas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from efs_backup.domain.doctor.answer import NotKnown
from efs_backup.domain.doctor.launch_checks import FILE_SYSTEMS, PROCESSORS
from efs_backup.domain.doctor.stack_facts import Group, Image, Launch, Machine, Quota
from efs_backup.lib.aws_errors import ignored
from efs_backup.lib.doctor.asking import listed

_STANDARD = frozenset("acdhimrtz")
_CODES = {PROCESSORS: ("ec2", "L-1216C47A"), FILE_SYSTEMS: ("elasticfilesystem", "L-848C634D")}
"""Quotas by their codes: Running On-Demand Standard instances (vCPUs), and File systems per account."""


@dataclass(frozen=True)
class Template:
    """A launch template. profile: the name of the instance profile."""

    kind: str
    groups: tuple[str, ...]
    profile: str


class Launching:
    """The launches of the group of this name, as Auto Scaling and Amazon EC2 know them."""

    def __init__(self, autoscaling: Any, ec2: Any, name: str) -> None:
        self._autoscaling = autoscaling
        self._ec2 = ec2
        self._name = name

    def found(self) -> Mapping[str, Any] | None:
        """The group as Auto Scaling describes it; None where there is none."""
        groups = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self._name])
        return next(iter(groups["AutoScalingGroups"]), None)

    @staticmethod
    def group(found: Mapping[str, Any] | None) -> Group | None:
        """The same as a fact."""
        if found is None:
            return None
        return Group(
            found["AutoScalingGroupName"], tuple(one["ProcessName"] for one in found.get("SuspendedProcesses", []))
        )

    def template(self, found: Mapping[str, Any] | None) -> Template:
        """The launch template of the group. Raises NotKnown where there is no group."""
        said = self.existing(found).get("LaunchTemplate")
        if said is None:
            raise NotKnown(f"The group {self._name} has no launch template.")
        (version,) = self._ec2.describe_launch_template_versions(
            LaunchTemplateId=said["LaunchTemplateId"], Versions=[said.get("Version", "$Default")]
        )["LaunchTemplateVersions"]
        data = version["LaunchTemplateData"]
        profile = data.get("IamInstanceProfile", {})
        name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
        return Template(data.get("InstanceType", ""), tuple(data.get("SecurityGroupIds", [])), name)

    def existing(self, found: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The group. Raises NotKnown where there is none."""
        if found is None:
            raise NotKnown(f"There is no Auto Scaling group {self._name} (see group).")
        return found

    def launches(self) -> tuple[Launch, ...]:
        """Its last launches that have ended."""
        found = self._autoscaling.describe_scaling_activities(AutoScalingGroupName=self._name, MaxRecords=50)
        return tuple(
            Launch(one["StartTime"], one["StatusCode"] == "Failed", one.get("StatusMessage", ""))
            for one in found["Activities"]
            if one["StatusCode"] in {"Failed", "Successful"} and one.get("Description", "").startswith("Launching")
        )

    def image(self, ssm: Any, parameter: str) -> Image:
        """The AMI that a parameter of Systems Manager names."""
        value = ""
        with ignored("ParameterNotFound"):
            value = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
        found = list[Any]()
        if value:
            with ignored("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed"):
                found = self._ec2.describe_images(ImageIds=[value])["Images"]
        if not found:
            return Image(value, "", "gone", "", 0)
        return _image(found[0])

    def machine(self, kind: str) -> Machine:
        """An instance type, and where it is offered."""
        (found,) = self._ec2.describe_instance_types(InstanceTypes=[kind])["InstanceTypes"]
        offered = listed(
            self._ec2, "describe_instance_type_offerings", "InstanceTypeOfferings",
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}],
        )  # fmt: skip
        return Machine(
            kind, tuple(found["ProcessorInfo"]["SupportedArchitectures"]), found["VCpuInfo"]["DefaultVCpus"],
            frozenset(one["Location"] for one in offered),
        )  # fmt: skip

    def processors(self) -> int:
        """The vCPUs of the standard families that run on demand."""
        states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        pages = listed(self._ec2, "describe_instances", "Reservations", Filters=states)
        instances = (one for page in pages for one in page["Instances"] if not one.get("InstanceLifecycle"))
        return sum(_processors(one.get("CpuOptions", {})) for one in instances if one["InstanceType"][0] in _STANDARD)


def quota(client: Any, name: str, used: int) -> Quota:
    """A quota of the account, or the one that all accounts have."""
    service, code = _CODES[name]
    found = None
    with ignored("NoSuchResourceException"):
        found = client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    found = found or client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    return Quota(service, code, found["QuotaName"], found["Value"], used)


def _processors(options: Mapping[str, int]) -> int:
    return options.get("CoreCount", 0) * options.get("ThreadsPerCore", 1)


def _image(found: Mapping[str, Any]) -> Image:
    device = found.get("RootDeviceName", "")
    disks: Sequence[Mapping[str, Any]] = found.get("BlockDeviceMappings", [])
    size = next((one["Ebs"]["VolumeSize"] for one in disks if one.get("DeviceName") == device and "Ebs" in one), 0)
    return Image(found["ImageId"], found.get("Architecture", ""), found.get("State", ""), device, int(size))
