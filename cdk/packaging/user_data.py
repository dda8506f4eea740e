"""The boot of an instance: a shell script with few values of the stack."""

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk

from efs_backup.domain.operations.boot_failure import prepared_requests

from ..parameters.instance import Instance
from .programs import Stored

SCRIPT = Path(__file__).with_name("user_data.sh")
PROGRAM = Path(__file__).with_name("boot.py")

MOST_BYTES = 16 * 1024
"""Of user data (Amazon EC2 User Guide, "Run commands when you launch an EC2 instance with user data input")."""

_PATIENCE = {"AWS_METADATA_SERVICE_TIMEOUT": "5", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "5"}
"""Seconds and tries: boto3 would ask for its credentials once, for a second, on a machine that is busy with booting."""

_NO_PROXY = "169.254.169.254,169.254.170.2,localhost"
"""Never through a proxy: the instance's metadata and credentials."""


def user_data(environment: Mapping[str, str], task: str, instance: Instance, bundle: Stored) -> str:
    """The script, for the base64 that EC2 wants."""
    settings = {**environment, "AGENT_TASK": task, **_PATIENCE, **_proxies(instance)}
    table = environment.get("TABLE_NAME")
    values = {
        "AGENT_ENVIRONMENT": "\n".join(f"{name}={value}" for name, value in settings.items()),
        "BOOT_PROGRAM": _without_words(PROGRAM.read_text()).rstrip(),
        "PREPARED_REQUESTS": json.dumps(prepared_requests(table) if table else {}),
        "BUNDLE_BUCKET": bundle.bucket,
        "BUNDLE_KEY": bundle.key,
        "BUNDLE_SHA256": bundle.sha256,
    }
    return cdk.Fn.base64(cdk.Fn.sub(_template(SCRIPT.read_text(), values), values))


def _proxies(instance: Instance) -> dict[str, str]:
    """The proxy, or where the instance reads its address: who may read the template need not know a password."""
    address, parameter = instance.http_proxy, instance.http_proxy_parameter
    return {"http_proxy": address, "https_proxy": address, "no_proxy": _NO_PROXY, "PROXY_PARAMETER": parameter}


def _without_words(program: str) -> str:
    """A program without its docstrings, for which user data have no room."""
    nodes = (node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Expr))
    words = [node for node in nodes if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)]
    dropped = {line for node in words for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return "".join(line for at, line in enumerate(program.splitlines(keepends=True), 1) if at not in dropped)


def _template(script: str, values: Mapping[str, str]) -> str:
    """The script with what the shell itself shall expand marked for CloudFormation to leave alone."""
    ours = "|".join(values)
    return re.sub(rf"\$\{{(?!(?:{ours})\}})", "${!", script)
