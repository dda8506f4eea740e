"""Lines of a shell that mend something in AWS."""

import shlex
from collections.abc import Iterable, Mapping

from efs_backup.domain.operations.deployed import DeployedStack


def aws(service: str, operation: str, region: str, *plain: str, **options: str | bool | Iterable[str]) -> str:
    """A line for the AWS CLI: `group_id="sg-1"` is `--group-id sg-1`, True an option alone; plain words come first."""
    words = ["aws", service, operation, *plain]
    for name, value in options.items():
        words.append(f"--{name.replace('_', '-')}")
        if not isinstance(value, bool):
            words += [value] if isinstance(value, str) else value
    return shlex.join([*words, "--region", region])


def with_parameters(stack: DeployedStack, changed: Mapping[str, str]) -> str:
    """An update of the stack in which these parameters change, and nothing else."""
    texts = {name: f"ParameterValue={value.replace(',', chr(92) + ',')}" for name, value in changed.items()}
    kept = {name: "UsePreviousValue=true" for name in stack.parameters if name not in changed}
    parameters = [f"ParameterKey={name},{said}" for name, said in (texts | kept).items()]
    return aws(
        "cloudformation", "update-stack", stack.region, stack_name=stack.name, use_previous_template=True,
        capabilities="CAPABILITY_IAM", parameters=parameters,
    )  # fmt: skip
