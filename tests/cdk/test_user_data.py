"""The script that an instance runs when it boots, really run, with stand-ins for what needs an instance."""

import hashlib
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cdk.user_data import SCRIPT
from tests.cdk.template import Template

_PROGRAMS = {
    "dpkg": '[ "$2" != fpart ]',
    "apt-get": 'echo "apt-get $*" >>"$CALLS"',
    "systemctl": 'echo "systemctl $*" >>"$CALLS"',
    "python3": """
        case "$*" in
            *set_desired_capacity*) echo "capacity 0 of ${*: -1}" >>"$CALLS" ;;
            *download_file*) cp "$BUNDLE" "${*: -1}"; echo "download ${*: -3:2}" >>"$CALLS" ;;
            *venv*) mkdir -p venv/bin; echo 'echo "pip $*" >>"$CALLS"' >venv/bin/pip; chmod +x venv/bin/pip ;;
            *) exec "$PYTHON" "$@" ;;
        esac""",
}


@dataclass
class Instance:
    """Directories and programs that stand for an instance."""

    root: Path
    bundle: Path
    environment: dict[str, str] = field(default_factory=dict)

    def boot(self, script: str) -> int:
        """Run the user data, in our directories; gives its exit code."""
        for place in ("/etc/efs-backup", "/opt/efs-backup", "/etc/systemd/system"):
            script = script.replace(place, f"{self.root}{place}")
        done = subprocess.run(["bash", "-c", script], env=self.environment, capture_output=True, text=True, check=False)
        return done.returncode

    @property
    def calls(self) -> list[str]:
        """What the stand-ins were asked for."""
        return (self.root / "calls").read_text().splitlines()


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """One whose AMI lacks fpart alone."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in _PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("efs-backup-agent.service", "[Service]\n")
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "BUNDLE": str(bundle), "PYTHON": sys.executable}
    return Instance(tmp_path, bundle, environment | {"CALLS": str(tmp_path / "calls")})


def _script(template: Template) -> str:
    """With names in the places of resources that a shell can read, as real ones are."""
    text: str = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]
    return re.sub("<([A-Za-z0-9]+)>", r"\1", text)


def _for(script: str, bundle: Path) -> str:
    """The script with the checksum of this bundle."""
    wanted = script.split('echo "')[2].split(" ", maxsplit=1)[0]
    return script.replace(wanted, hashlib.sha256(bundle.read_bytes()).hexdigest())


def test_the_instance_installs_the_bundle_and_starts_the_unit(template: Template, instance: Instance) -> None:
    """Only what is missing comes from the distribution, and no Python package from anywhere else."""
    assert instance.boot(_for(_script(template), instance.bundle)) == 0
    update, install, download, pip, start = instance.calls
    assert update == "apt-get update --quiet"
    assert install == "apt-get install --quiet --yes --no-install-recommends fpart"
    assert download.endswith(".zip") or "bundle" in download
    assert pip == "pip install --quiet --no-index --find-links bundle/wheels efs-backup[aws]"
    assert start == "systemctl start efs-backup-agent.service"
    assert (instance.root / "etc/systemd/system/efs-backup-agent.service").is_file()


def test_a_bundle_with_another_checksum_is_not_installed(template: Template, instance: Instance) -> None:
    """The instance gives up, and takes itself out of the group: it would cost money for nothing."""
    assert instance.boot(_script(template)) != 0
    assert instance.calls[-1] == "capacity 0 of EfsBackup-worker"
    assert not [call for call in instance.calls if call.startswith(("pip", "systemctl start"))]


def test_packages_of_the_bundle_are_installed(backup: Template, instance: Instance) -> None:
    """So amazon-efs-utils gets there, without a repository."""
    with zipfile.ZipFile(instance.bundle, "a") as archive:
        archive.writestr("packages/amazon-efs-utils.deb", "a package")
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0
    assert [call for call in instance.calls if call.endswith("./bundle/packages/amazon-efs-utils.deb")]


def test_a_proxy_is_handed_to_all_services(backup: Template, instance: Instance) -> None:
    """Systems Manager's agent was started before."""
    script = _script(backup.having(HttpProxy="http://10.0.0.5:3128"))
    assert instance.boot(_for(script, instance.bundle)) == 0
    assert instance.calls[:2] == [
        "systemctl import-environment http_proxy https_proxy no_proxy",
        "systemctl try-restart *amazon-ssm-agent*.service",
    ]


def test_nobody_else_can_read_the_environment(backup: Template, instance: Instance) -> None:
    """A proxy's password may be in it."""
    instance.boot(_for(_script(backup), instance.bundle))
    assert (instance.root / "etc/efs-backup").stat().st_mode & 0o777 == 0o700


def test_the_script_is_short_enough_to_be_read() -> None:
    """What grows belongs into the bundle, where it is tested and typed."""
    assert len(SCRIPT.read_text().splitlines()) < 25
