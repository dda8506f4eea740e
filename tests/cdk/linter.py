"""What cfn-lint finds in templates."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ACCEPTED = {
    "W2001",  # the VPC of the restore stack is used by a rule of the template alone
    "W3005",  # a dependency that the CDK writes twice
}


def unaccepted(templates: list[str]) -> list[Any]:
    """All but the warnings that are named above, in both templates."""
    assert len(templates) == 2
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, "--format", "json", *templates], capture_output=True, text=True, check=False)
    return [each for each in json.loads(done.stdout or "[]") if each["Rule"]["Id"] not in _ACCEPTED]
