"""The facts about the machine and the run that belong to every result."""

import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path


def facts(workdir: Path) -> dict[str, str]:
    """The facts that a reader needs to judge a figure."""
    return {
        "command": shlex.join(["python", *sys.argv]),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processors": f"{os.cpu_count()} x {_field('/proc/cpuinfo', 'model name')}",
        "memory": _field("/proc/meminfo", "MemTotal"),
        "kernel": f"{platform.system()} {platform.release()}",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "file system": _file_system(workdir),
        "python": platform.python_version(),
    }


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        if line.startswith(name):
            return " ".join(line.partition(":")[2].split())
    return "unknown"


def _file_system(path: Path) -> str:
    kind = subprocess.run(["/usr/bin/stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=False)
    return kind.stdout.strip()
