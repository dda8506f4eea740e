"""The script that an instance runs when it boots, really run, with stand-ins for what needs an instance."""

import hashlib
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cdk.packaging import boot
from tests.support.template import Template

_SCRIPT = Path(boot.__file__).with_name("user_data.sh")
_DEPLOYMENT = Path(__file__).parents[2] / "deployment"
_UNITS = ("efs-backup-agent.service", "efs-backup-give-up.service")

_FAILS = """
asked=$(grep --count --fixed-strings --line-regexp "apt-get $*" "$CALLS")
[ "$asked" -gt "${FAILURES:-0}" ] || { echo "E: locked" >&2; exit 100; }
"""
"""As often as the test wants, each call of its kind."""

_PROGRAMS = {
    "dpkg": """
        case "$1" in
            --status) case " ${INSTALLED:-rsync nfs-common} " in *" $2 "*) ;; *) exit 1 ;; esac ;;
            --print-architecture) echo arm64 ;;
            *) exec /usr/bin/dpkg "$@" ;;
        esac""",
    "dpkg-query": '[ -n "${HAS-}" ] && echo "$HAS"',
    "dpkg-deb": 'cat "${@: -1}"',
    "apt-get": f'echo "apt-get $*" >>"$CALLS"\n{_FAILS}',
    "sleep": '[ "$1" = 0 ] || echo "sleep $1" >>"$CALLS"',
    "systemctl": 'echo "systemctl $*" >>"$CALLS"; case "$*" in "${SYSTEMD_FAILS:-nothing}"*) exit 1 ;; esac',
    "python3": """
        case "$*" in
            *boot.py?fetch*) cp "$BUNDLE" "${@: -1}"; echo "fetch ${*: -3:2}" >>"$CALLS" ;;
            *boot.py?proxy*) echo "proxy $3" >>"$CALLS"; echo "https_proxy=http://u:p@10.0.0.5:3128" >>"$4" ;;
            *boot.py?give-up*) echo "give up" >>"$CALLS" ;;
            "-m venv --without-pip "*)
                mkdir -p "$4/bin"
                echo 'echo "python $*" >>"$CALLS"' >"$4/bin/python"
                chmod +x "$4/bin/python" ;;
            *) exec "$PYTHON" "$@" ;;
        esac""",
}

_APT = "apt-get --quiet --yes -o DPkg::Lock::Timeout=600"
_UPDATE, _INSTALL = f"{_APT} update", f"{_APT} install --no-install-recommends"


@dataclass
class Instance:
    """Directories and programs that stand for an instance."""

    root: Path
    bundle: Path
    environment: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def boot(self, script: str) -> int:
        """Run the user data, in our directories; gives its exit code."""
        for place in ("/etc/efs-backup", "/opt/efs-backup"):
            script = script.replace(place, f"{self.root}{place}")
        done = subprocess.run(
            ["bash", "-c", script], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
        self.said = done.stdout
        return done.returncode

    @property
    def calls(self) -> list[str]:
        """The calls that the stand-ins were asked for."""
        return (self.root / "calls").read_text().splitlines()

    def called(self, *beginnings: str) -> list[str]:
        """Those that begin like that."""
        return [call for call in self.calls if call.startswith(beginnings)]


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """One whose AMI lacks fpart alone."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in _PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        for name in _UNITS:
            archive.write(_DEPLOYMENT / name, name)
        archive.writestr("wheels/pip-1-py3-none-any.whl", "")
        install = (_DEPLOYMENT / "install.sh").read_text()
        archive.writestr("install.sh", install.replace("/etc/systemd/system", str(units)))
    (tmp_path / "calls").touch()
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "BUNDLE": str(bundle), "PYTHON": sys.executable}
    return Instance(tmp_path, bundle, environment | {"CALLS": str(tmp_path / "calls")})


def _script(template: Template) -> str:
    """With names in the places of resources that a shell can read, as real ones are."""
    text: str = template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]
    return re.sub("<([A-Za-z0-9]+)>", r"\1", text)


def _for(script: str, bundle: Path) -> str:
    """The script with the checksum of this bundle."""
    (wanted,) = re.findall(r'echo "([0-9a-f]{64})  bundle.zip"', script)
    return script.replace(wanted, hashlib.sha256(bundle.read_bytes()).hexdigest())


def _bring(instance: Instance, *packages: str) -> None:
    """The bundle has packages, each a name, a version and an architecture."""
    with zipfile.ZipFile(instance.bundle, "a") as archive:
        for package in packages:
            archive.writestr(f"packages/{package.split()[0]}.deb", f"{package}\n")


def test_the_instance_installs_the_bundle_and_starts_the_unit(template: Template, instance: Instance) -> None:
    """Only what is missing comes from the distribution, and no Python package from anywhere else."""
    assert instance.boot(_for(_script(template), instance.bundle)) == 0, instance.said
    fetch, timers, services, update, install, pip, start = instance.calls
    assert fetch.startswith("fetch ")
    assert timers == "systemctl disable --now apt-daily.timer apt-daily-upgrade.timer"
    assert services == (
        "systemctl stop --no-block apt-daily.service apt-daily-upgrade.service unattended-upgrades.service"
    )
    assert (update, install) == (_UPDATE, f"{_INSTALL} fpart")
    assert pip == (
        "python bundle/wheels/pip-1-py3-none-any.whl/pip install --quiet --no-index --find-links bundle/wheels"
        " efs-backup[aws]"
    )
    assert start == "systemctl enable --now efs-backup-agent.service"
    for unit in _UNITS:
        assert (instance.root / "etc/systemd/system" / unit).is_file()


def test_an_ami_with_the_tools_needs_no_archive(backup: Template, instance: Instance) -> None:
    """Neither boto3 nor venv nor pip is asked for: they are in the bundle."""
    instance.environment["INSTALLED"] = "fpart rsync nfs-common"
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    assert not instance.called("apt-get")


def test_a_bundle_with_another_checksum_is_not_installed(template: Template, instance: Instance) -> None:
    """The instance gives up, and takes itself out of the group: it would cost money for nothing."""
    assert instance.boot(_script(template)) != 0
    assert instance.calls[-1] == "give up"
    assert not instance.called("python", "systemctl")


def test_a_lock_that_is_held_is_waited_for(backup: Template, instance: Instance) -> None:
    """Twice it is held, for the lists as for the packages; then it is free."""
    instance.environment["FAILURES"] = "2"
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    tried = [_UPDATE, f"{_INSTALL} fpart"]
    assert instance.called("apt-get", "sleep") == [*tried, "sleep 15", *tried, "sleep 30", *tried]
    assert instance.calls[-1] == "systemctl enable --now efs-backup-agent.service"


def test_a_mirror_that_fails_four_times_does_not_end_the_night(backup: Template, instance: Instance) -> None:
    """The fifth try is in time for every window."""
    instance.environment["FAILURES"] = "4"
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    assert len(instance.called(_INSTALL)) == 5
    assert instance.called("sleep") == ["sleep 15", "sleep 30", "sleep 60", "sleep 120"]


def test_a_mirror_that_never_answers_ends_the_boot(template: Template, instance: Instance) -> None:
    """The log says what could not be installed, and the instance gives up once."""
    instance.environment["FAILURES"] = "99"
    assert instance.boot(_for(_script(template), instance.bundle)) != 0
    assert len(instance.called(_INSTALL)) == 5
    assert "Not installed yet: fpart" in instance.said
    assert instance.said.splitlines()[-1] == "The boot has failed: bash bundle/install.sh"
    assert instance.called("give up", "systemctl enable") == ["give up"]


def test_lists_that_cannot_be_updated_are_used_as_they_are(backup: Template, instance: Instance) -> None:
    """One archive of many may be away."""
    broken = instance.root / "bin" / "apt-get"
    broken.write_text('#!/bin/bash\necho "apt-get $*" >>"$CALLS"\ncase "$*" in *update) exit 100 ;; esac\n')
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    assert instance.called("apt-get") == [_UPDATE, f"{_INSTALL} fpart"]


def test_an_ami_without_ubuntu_s_updates_boots_too(backup: Template, instance: Instance) -> None:
    """There is nothing to be stopped."""
    instance.environment["SYSTEMD_FAILS"] = "disable"
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said


def test_a_unit_that_does_not_start_ends_the_boot(backup: Template, instance: Instance) -> None:
    """Nobody else would give the instance back."""
    instance.environment["SYSTEMD_FAILS"] = "enable"
    assert instance.boot(_for(_script(backup), instance.bundle)) != 0
    assert instance.calls[-1] == "give up"


def test_packages_of_the_bundle_need_no_archive(backup: Template, instance: Instance) -> None:
    """The bundle brings amazon-efs-utils without a repository, if all that this needs is there."""
    instance.environment["INSTALLED"] = "fpart rsync nfs-common"
    _bring(instance, "amazon-efs-utils 2.4.0 all")
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    assert instance.called("apt-get") == [f"{_INSTALL} --no-download ./bundle/packages/amazon-efs-utils.deb"]


def test_what_packages_of_the_bundle_need_comes_from_the_archive(backup: Template, instance: Instance) -> None:
    """With new lists: those of an AMI are old, or none."""
    instance.environment |= {"INSTALLED": "fpart rsync nfs-common", "FAILURES": "1"}
    _bring(instance, "amazon-efs-utils 2.4.0 all")
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    package = "./bundle/packages/amazon-efs-utils.deb"
    alone, *others = instance.called("apt-get", "sleep")
    assert alone == f"{_INSTALL} --no-download {package}"
    assert others == [_UPDATE, f"{_INSTALL} {package}", "sleep 15", _UPDATE, f"{_INSTALL} {package}"]


def test_packages_for_another_architecture_are_left(backup: Template, instance: Instance) -> None:
    """One bundle serves both."""
    _bring(instance, "fpart 1.5.1 amd64", "nfs-common 2.6.4 arm64")
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    assert instance.called(_INSTALL)[0] == f"{_INSTALL} --no-download ./bundle/packages/nfs-common.deb"


@pytest.mark.parametrize(("has", "installs"), [("2.6.4", False), ("2.6.5", False), ("2.6.3", True)])
def test_packages_that_are_there_are_not_made_older(
    backup: Template, instance: Instance, has: str, installs: bool
) -> None:
    """An AMI gets newer than the bundle, and apt-get refuses to go back."""
    instance.environment["HAS"] = has
    _bring(instance, "nfs-common 2.6.4 arm64")
    assert instance.boot(_for(_script(backup), instance.bundle)) == 0, instance.said
    assert bool(instance.called(f"{_INSTALL} --no-download")) == installs


def test_a_proxy_is_handed_to_all_services(backup: Template, instance: Instance) -> None:
    """Systems Manager's agent was started before."""
    script = _script(backup.having(HttpProxy="http://10.0.0.5:3128"))
    assert instance.boot(_for(script, instance.bundle)) == 0, instance.said
    assert instance.calls[:2] == [
        "systemctl import-environment http_proxy https_proxy no_proxy",
        "systemctl try-restart *amazon-ssm-agent*.service",
    ]


def test_a_proxy_of_a_parameter_is_handed_to_all_services(template: Template, instance: Instance) -> None:
    """Its address stands neither in the script nor in the launch template."""
    script = _script(template.having(HttpProxyParameter="/team/proxy"))
    assert instance.boot(_for(script, instance.bundle)) == 0, instance.said
    assert instance.calls[:2] == ["proxy /team/proxy", "systemctl import-environment http_proxy https_proxy no_proxy"]


def test_nobody_else_can_read_the_environment(backup: Template, instance: Instance) -> None:
    """A proxy's password may be in it."""
    instance.boot(_for(_script(backup), instance.bundle))
    assert (instance.root / "etc/efs-backup").stat().st_mode & 0o777 == 0o700


def test_the_environment_stays_for_the_next_boot(backup: Template, instance: Instance) -> None:
    """As the program does that gives the instance back, with what it has to say."""
    instance.boot(_for(_script(backup), instance.bundle))
    assert "GROUP_NAME=EfsBackup-worker" in (instance.root / "etc/efs-backup/agent.env").read_text()
    assert "def give_up(" in (instance.root / "opt/efs-backup/boot.py").read_text()
    assert "ToolMissing" in (instance.root / "opt/efs-backup/requests.json").read_text()


def test_the_user_data_has_room_for_long_names(template: Template) -> None:
    """EC2 takes 16 KB; the values of the longest parameters and the ids of resources are a few hundred bytes more."""
    from cdk.packaging.user_data import MOST_BYTES

    assert len(_script(template).encode()) + 1500 <= MOST_BYTES


def test_the_script_is_short_enough_to_be_read() -> None:
    """A part that grows belongs into the bundle, where it can be mended without a new template."""
    assert len(_SCRIPT.read_text().splitlines()) < 25
