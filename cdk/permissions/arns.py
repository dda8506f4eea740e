"""ARNs of what is known by name; each with the partition, account and region of the stack."""

from aws_cdk import Aws


def file_system(file_system_id: str) -> str:
    """An Amazon EFS file system."""
    return f"arn:{Aws.PARTITION}:elasticfilesystem:{Aws.REGION}:{Aws.ACCOUNT_ID}:file-system/{file_system_id}"


def group(name: str) -> str:
    """An Auto Scaling group. Its ARN holds an id that no template can know: a wildcard stands for that alone."""
    middle = f"{Aws.REGION}:{Aws.ACCOUNT_ID}:autoScalingGroup:*"
    return f"arn:{Aws.PARTITION}:autoscaling:{middle}:autoScalingGroupName/{name}"


def rule(name: str) -> str:
    """An EventBridge rule."""
    return f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/{name}"


def default_bus() -> str:
    """The event bus that each account has."""
    return f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:event-bus/default"


def any_key() -> str:
    """All keys of the account and region; to be narrowed by a condition."""
    return f"arn:{Aws.PARTITION}:kms:{Aws.REGION}:{Aws.ACCOUNT_ID}:key/*"


def run_shell_script() -> str:
    """The document AWS-RunShellScript; it belongs to no account."""
    return f"arn:{Aws.PARTITION}:ssm:{Aws.REGION}::document/AWS-RunShellScript"


def document(name: str) -> str:
    """A document of Systems Manager of this account."""
    return f"arn:{Aws.PARTITION}:ssm:{Aws.REGION}:{Aws.ACCOUNT_ID}:document/{name}"


def parameter(name: str) -> str:
    """A parameter of Systems Manager, whose name begins with a slash, as the last part of the ARN does."""
    return f"arn:{Aws.PARTITION}:ssm:{Aws.REGION}:{Aws.ACCOUNT_ID}:parameter{name}"


def any_automation() -> str:
    """All executions of Automation of the account and region."""
    return f"arn:{Aws.PARTITION}:ssm:{Aws.REGION}:{Aws.ACCOUNT_ID}:automation-execution/*"


def any_instance() -> str:
    """All instances of the account and region; to be narrowed by a condition."""
    return f"arn:{Aws.PARTITION}:ec2:{Aws.REGION}:{Aws.ACCOUNT_ID}:instance/*"


def bucket(name: str) -> str:
    """An S3 bucket."""
    return f"arn:{Aws.PARTITION}:s3:::{name}"
