"""The findings of cfn-lint in templates."""

import json
import subprocess
import sys
from pathlib import Path


def rules_broken(templates: list[str]) -> set[str]:
    """The ids of the rules that it finds broken in any of these templates."""
    assert templates
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, "--format", "json", *templates], capture_output=True, text=True, check=False)
    return {each["Rule"]["Id"] for each in json.loads(done.stdout or "[]")}
