"""Addresses of AWS's console, in which one looks at what the stack has made."""

import aws_cdk as cdk
from constructs import Construct

_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}
"""By partition."""


class Console(Construct):
    """The console of this region."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Console")
        domains = {partition: {"Domain": domain} for partition, domain in _DOMAINS.items()}
        domain = cdk.CfnMapping(self, "Domains", mapping=domains).find_in_map(cdk.Aws.PARTITION, "Domain")
        self._region = f"https://{cdk.Aws.REGION}.{domain}"

    def dashboard(self, name: str) -> str:
        """The page of a dashboard."""
        return self._page("cloudwatch", f"dashboards/dashboard/{name}")

    def log_group(self, name: str) -> str:
        """The page of a log group, whose name has letters, digits and hyphens alone."""
        return self._page("cloudwatch", f"logsV2:log-groups/log-group/{name}")

    def alarms(self) -> str:
        """The alarms whose names begin with that of the stack."""
        return self._page("cloudwatch", f"alarmsV2:?search={cdk.Aws.STACK_NAME}")

    def table(self, name: str) -> str:
        """The items of a table."""
        return self._page("dynamodbv2", f"item-explorer?table={name}")

    def group(self, name: str) -> str:
        """The activity of an Auto Scaling group."""
        return self._page("ec2", f"AutoScalingGroupDetails:id={name};view=activity")

    def file_system(self, identity: str) -> str:
        """The page of a file system."""
        return self._page("efs", f"/file-systems/{identity}")

    def stack(self) -> str:
        """The page of this stack."""
        return self._page("cloudformation", f"/stacks/stackinfo?stackId={cdk.Aws.STACK_ID}")

    def bucket(self, name: str) -> str:
        """The objects of a bucket."""
        return f"{self._region}/s3/buckets/{name}?region={cdk.Aws.REGION}"

    def _page(self, service: str, fragment: str) -> str:
        return f"{self._region}/{service}/home?region={cdk.Aws.REGION}#{fragment}"
