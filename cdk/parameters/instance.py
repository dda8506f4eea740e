"""The form of the instance that makes a backup or a restore, and about its network."""

from collections.abc import Sequence

from .field import Answer, Section, form, number, question, text
from .rules import PARAMETER

X86_TYPES = (
    "c5.xlarge", "c6i.large", "c6i.xlarge", "c6i.2xlarge", "c6i.4xlarge",
    "c6in.xlarge", "c6in.2xlarge", "c7i.xlarge", "c7i.2xlarge", "m6i.xlarge",
)  # fmt: skip
GRAVITON_TYPES = (
    "c6g.large", "c6g.xlarge", "c6g.2xlarge", "c6g.4xlarge",
    "c6gn.xlarge", "c6gn.2xlarge", "c7g.xlarge", "c7g.2xlarge", "m6g.xlarge",
)  # fmt: skip
MOST_WORKERS = 16

_UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{}/hvm/ebs-gp3/ami-id"
_AMI = r"(?!ami-)[A-Za-z0-9/_.:-]{1,1011}"
_NO_AMI = "must be the name of an SSM parameter, not the id of an AMI"


@form
class Network(Section):
    """Where the instance is."""

    vpc: str = text("VpcId", "VPC", "The VPC in which both file systems can be mounted.", type="AWS::EC2::VPC::Id")
    subnets: Sequence[str] = text(
        "Subnets",
        "Subnets",
        "One to three subnets in different availability zones, best those of the source's mount targets. They need a"
        " way to the AWS services: a NAT gateway, VPC endpoints or a proxy. Later only add at the end, or take from the"
        " end: in another order the mount targets of one zone would collide, and the update would roll back.",
        type="List<AWS::EC2::Subnet::Id>",
    )


@form
class Endpoints(Section):
    """How a backup reaches its source, and AWS."""

    source_security_group: str = text(
        "SourceSecurityGroup",
        "Security group of the source",
        "The id of the group of the source's mount targets: the stack lets it accept NFS from the instance, and takes"
        " the rule with it when it goes. Empty: you do.",
        default="",
        pattern=r"(sg-[0-9a-f]+)?",
        wrong="must be empty, or the id of a security group, sg-...",
    )
    wanted: Answer = question(
        "CreateEndpoints",
        "Make VPC endpoints",
        "For a VPC that has none, and no other way to AWS: those of all services that the instance talks to. Some $45 a"
        " month for each subnet.",
        default=False,
    )
    route_tables: str = text(
        "RouteTables",
        "Route tables",
        "Ids, separated by commas, of the subnets' route tables: the endpoints of Amazon S3 and DynamoDB need them.",
        default="",
        pattern=r"(rtb-[0-9a-f]+(,rtb-[0-9a-f]+){0,9})?",
        wrong="must be up to ten ids of route tables, rtb-..., separated by commas without spaces",
    )


@form
class Instance(Section):
    """The instance, and its way out."""

    type: str = text(
        "InstanceType",
        "Instance type",
        "Network and processors set the pace. The types with a g in their first part are Graviton.",
        default="c6i.xlarge",
        choices=X86_TYPES + GRAVITON_TYPES,
    )
    ami_x86: str = text(
        "AmiX86",
        "AMI for x86",
        "The name of an SSM parameter with the id of an AMI: Ubuntu 24.04, or your own with the tools in it. Each"
        " launch looks the id up again.",
        default=_UBUNTU.format("amd64"),
        pattern=_AMI,
        wrong=_NO_AMI,
    )
    ami_graviton: str = text(
        "AmiGraviton",
        "AMI for Graviton",
        "The same for the Graviton types.",
        default=_UBUNTU.format("arm64"),
        pattern=_AMI,
        wrong=_NO_AMI,
    )
    disk_gigabytes: int = number(
        "DiskGigabytes",
        "Disk in gigabytes",
        "Of the instance: lists of names need some 10 for each 100 million files. 0: as large as the AMI says; less"
        " than that is refused by Amazon EC2.",
        default=16,
        lowest=0,
        highest=16_384,
    )
    root_device: str = text(
        "RootDevice",
        "Root device",
        "The name of the AMI's root device; /dev/sda1 is Ubuntu's.",
        default="/dev/sda1",
        pattern=r"/dev/[a-z0-9]{2,12}",
        wrong="must be the name of a device, /dev/...",
    )
    operations_per_second: int = number(
        "MaxOperationsPerSecond",
        "Operations a second",
        "Spare who else uses the file systems: source and target together. 0 means as many as come.",
        default=0,
        lowest=0,
        highest=1_000_000,
    )
    http_proxy: str = text(
        "HttpProxy",
        "HTTP proxy",
        "The proxy through which the instance reaches AWS and Ubuntu's archive, such as http://10.0.0.5:3128. It stands"
        " in the launch template: a password does not belong into it.",
        default="",
        pattern=r"(https?://[A-Za-z0-9._:@%-]+)?",
        wrong="must be empty, or begin with http:// or https://",
    )
    http_proxy_parameter: str = text(
        "HttpProxyParameter",
        "Parameter with the HTTP proxy",
        "In its place, the name of a SecureString in Parameter Store with such an address, user and password in it. The"
        " instance reads it without the proxy, so the VPC must have an endpoint for ssm.",
        default="",
        pattern=PARAMETER,
        wrong="must be empty, or the name of a parameter that begins with a slash",
    )


@form
class Fleet(Section):
    """Further groups of the instance, and how many instances make one backup."""

    security_groups: str = text(
        "SecurityGroups",
        "Further security groups",
        "Ids, separated by commas, to attach to the instance: one that the source's mount targets accept.",
        default="",
        pattern=r"(sg-[0-9a-f]+(,sg-[0-9a-f]+){0,3})?",
        wrong="must be up to four ids of security groups, sg-..., separated by commas without spaces",
    )
    workers: int = number(
        "Workers",
        "Workers",
        "Instances that make one backup together, or one restore into the source, 1 to 16: worth it where a night"
        " changes so much, or a first copy is so large, that one instance is too slow. More than one needs"
        " ConcurrentBackups = 1.",
        default=1,
        choices=tuple(map(str, range(1, MOST_WORKERS + 1))),
    )
