"""The parameters that both stacks have, and what each may look like."""

from cdk.form import YES_OR_NO, Field
from efs_backup.domain.snapshots.names import DEFAULT_LABEL, Interval

FILE_SYSTEM = r"fs-[0-9a-f]{8,40}"
SAFE_PATH = r"/[A-Za-z0-9._@+=/-]*"
"""Nothing that a shell or an environment file could read as something else."""

X86_TYPES = (
    "c5.xlarge", "c6i.large", "c6i.xlarge", "c6i.2xlarge", "c6i.4xlarge",
    "c6in.xlarge", "c6in.2xlarge", "c7i.xlarge", "c7i.2xlarge", "m6i.xlarge",
)  # fmt: skip
GRAVITON_TYPES = (
    "c6g.large", "c6g.xlarge", "c6g.2xlarge", "c6g.4xlarge",
    "c6gn.xlarge", "c6gn.2xlarge", "c7g.xlarge", "c7g.2xlarge", "m6g.xlarge",
)  # fmt: skip
_UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{}/hvm/ebs-gp3/ami-id"
_PARAMETER = r"(?!ami-)[A-Za-z0-9/_.:-]{1,1011}"
_MOST_OPERATIONS = 1_000_000
_MOST_GIGABYTES = 16_384

FOLDER_LABEL = Field(
    "Folder label",
    "The folder on the backup file system that holds the snapshots; one for each source.",
    default=DEFAULT_LABEL,
    pattern=r"[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]{0,254}",
    wrong="must be one folder name of letters, digits and . _ @ + = - that does not begin with a dot",
)
INTERVAL = Field(
    "Interval",
    "The series: its name is part of each snapshot's path.",
    default=Interval.DAILY.value,
    choices=tuple(interval.value for interval in Interval),
)

NETWORK = {
    "VpcId": Field("VPC", "The VPC in which both file systems can be mounted.", type="AWS::EC2::VPC::Id"),
    "Subnets": Field(
        "Subnets",
        "One to three subnets in different availability zones, best those of the source's mount targets. They need a"
        " way to the AWS services: a NAT gateway, VPC endpoints or a proxy. Later only add at the end, or take from the"
        " end: in another order the mount targets of one zone would collide, and the update would roll back.",
        type="List<AWS::EC2::Subnet::Id>",
    ),
}
INSTANCE = {
    "InstanceType": Field(
        "Instance type",
        "Network and processors set the pace. The types with a g in their first part are Graviton.",
        default="c6i.xlarge",
        choices=X86_TYPES + GRAVITON_TYPES,
    ),
    "AmiX86": Field(
        "AMI for x86",
        "The name of an SSM parameter with the id of an AMI: Ubuntu 24.04, or your own with the tools in it. Each"
        " launch looks the id up again.",
        default=_UBUNTU.format("amd64"),
        pattern=_PARAMETER,
        wrong="must be the name of an SSM parameter, not the id of an AMI",
    ),
    "AmiGraviton": Field(
        "AMI for Graviton",
        "The same for the Graviton types.",
        default=_UBUNTU.format("arm64"),
        pattern=_PARAMETER,
        wrong="must be the name of an SSM parameter, not the id of an AMI",
    ),
    "DiskGigabytes": Field(
        "Disk in gigabytes",
        "Of the instance: lists of names need some 10 for each 100 million files. 0: as large as the AMI says; less"
        " than that is refused by Amazon EC2.",
        default=16,
        type="Number",
        lowest=0,
        highest=_MOST_GIGABYTES,
        wrong=f"must be 0 to {_MOST_GIGABYTES}",
    ),
    "RootDevice": Field(
        "Root device",
        "The name of the AMI's root device; /dev/sda1 is Ubuntu's.",
        default="/dev/sda1",
        pattern=r"/dev/[a-z0-9]{2,12}",
        wrong="must be the name of a device, /dev/...",
    ),
    "MaxOperationsPerSecond": Field(
        "Operations a second",
        "Spare who else uses the file systems: source and target together. 0 means as many as come.",
        default=0,
        type="Number",
        lowest=0,
        highest=_MOST_OPERATIONS,
        wrong=f"must be 0 to {_MOST_OPERATIONS}",
    ),
    "HttpProxy": Field(
        "HTTP proxy",
        "The proxy through which the instance reaches AWS and Ubuntu's archive, such as http://10.0.0.5:3128. It stands"
        " in the launch template: a password does not belong into it.",
        default="",
        pattern=r"(https?://[A-Za-z0-9._:@%-]+)?",
        wrong="must be empty, or begin with http:// or https://",
    ),
    "HttpProxyParameter": Field(
        "Parameter with the HTTP proxy",
        "In its place, the name of a SecureString in Parameter Store with such an address, user and password in it. The"
        " instance reads it without the proxy, so the VPC must have an endpoint for ssm.",
        default="",
        pattern=r"(/[A-Za-z0-9_.-]+)*",
        wrong="must be empty, or the name of a parameter that begins with a slash",
    ),
}
_TOPIC = r"(arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256})?"

REPORTS = {
    "Email": Field(
        "E-mail",
        "Where reports go. Amazon SNS asks this address for a confirmation first. Empty: whoever subscribes to the"
        " topic.",
        default="",
        pattern=r"([^@\s]+@[^@\s]+\.[^@\s]+)?",
        wrong="must be empty, or an e-mail address",
    ),
    "ExistingTopicArn": Field(
        "Topic that is there",
        "The ARN of an Amazon SNS topic of this region that takes reports and alarms, in place of a new one with a key."
        " Its policy, and that of its key, must let CloudWatch publish.",
        default="",
        pattern=_TOPIC,
        wrong="must be empty, or the ARN of a standard topic",
    ),
    "ChatTopicArn": Field(
        "Topic of a chat",
        "The ARN of an Amazon SNS topic that Amazon Q Developer in chat applications shows in a channel of Slack or"
        " Microsoft Teams: it gets reports in the words of that service. Empty: none.",
        default="",
        pattern=_TOPIC,
        wrong="must be empty, or the ARN of a standard topic",
    ),
    "Dashboard": Field("Dashboard", "Make a CloudWatch dashboard?", default="Yes", choices=YES_OR_NO),
}
