"""A release: built twice, described, and each of its packages used. All of it is for the nightly run."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from efs_backup import __version__
from efs_backup.cli.catalog import COMMANDS
from tests.support.once import once

REPOSITORY = Path(__file__).parents[2]
DEB = f"efs-backup_{__version__}_all.deb"
NAMES = {
    DEB, "SHA256SUMS", "efs-backup.pyz",
    f"efs_backup-{__version__}-py3-none-any.whl", f"efs_backup-{__version__}.tar.gz",
    f"efs_backup_cdk-{__version__}-py3-none-any.whl",
    *(f"{name}.{kind}" for name in ("efs-backup", "efs-backup-agent") for kind in ("cdx.json", "licences.txt")),
}  # fmt: skip
_OURS = ("source", "cdk", "deployment", "docs", "bench", "pyproject.toml", "uv.lock", "README.md", "CHANGELOG.md",
         "LICENSE", ".gitignore", "CONTRIBUTING.md", "SECURITY.md")  # fmt: skip
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "dist", "cdk.out", "results*.json", "efs_sim")
_WORLD = "/usr/sbin:/usr/bin:/sbin:/bin"

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


def _fill(place: Path) -> None:
    """Two checkouts, built at two times in two places."""
    for part in _OURS:
        target = place / "first" / "checkout" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / part).is_dir():
            shutil.copytree(REPOSITORY / part, target, ignore=_LEFT_OUT)
        else:
            shutil.copyfile(REPOSITORY / part, target)
    shutil.copytree(place / "first", place / "second", copy_function=shutil.copy)  # with other times
    for name in ("first", "second"):
        _build(place / name)


def _build(place: Path) -> None:
    (place / "checkout" / ".venv").symlink_to(REPOSITORY / ".venv")
    line = ["bash", "deployment/build-release.sh", str(place / "release")]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795305600"}
    done = subprocess.run(
        line, cwd=place / "checkout", env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files that both builds have left."""
    place = once(tmp_path_factory, "release", _fill)
    return place / "first" / "release", place / "second" / "release"


@pytest.fixture(scope="module")
def release(builds: tuple[Path, Path]) -> Path:
    """The files of the first build."""
    return builds[0]


def test_two_builds_are_equal_bit_for_bit(builds: tuple[Path, Path]) -> None:
    """Every file, so whoever has the sources can prove what a release is made of."""
    first, second = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in one.iterdir()} for one in builds
    )
    assert set(first) == NAMES
    assert first == second


def test_the_checksums_are_those_of_the_files(release: Path) -> None:
    """In the form that sha256sum reads."""
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=release, check=True)
    assert len((release / "SHA256SUMS").read_text().splitlines()) == len(NAMES) - 1


def test_the_parts_lists_name_what_is_packed(release: Path) -> None:
    """The command without AWS, the bundle with it; the version is this one's."""
    for name, has_boto in (("efs-backup", False), ("efs-backup-agent", True)):
        parts = json.loads((release / f"{name}.cdx.json").read_text())
        names = {one["name"] for one in parts["components"]}
        assert {"click", "rich"} <= names
        assert ("boto3" in names) is has_boto
        assert "Permission is hereby granted" in (release / f"{name}.licences.txt").read_text()


def test_a_tag_that_is_not_the_version_s_builds_nothing(tmp_path: Path) -> None:
    """Nor one of a version that the changelog does not tell of."""
    line = ["bash", str(REPOSITORY / "deployment/build-release.sh"), str(tmp_path / "release"), "v999.0.0"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"the version in source/efs_backup/__init__.py is {__version__}" in done.stderr
    assert not (tmp_path / "release").exists()


def test_one_file_makes_a_backup_and_brings_it_back(release: Path, tmp_path: Path) -> None:
    """With the system's own Python, and a home that is empty."""
    (tmp_path / "source" / "home").mkdir(parents=True)
    (tmp_path / "source" / "home" / "a.txt").write_text("a text")
    (tmp_path / "backup").mkdir()
    environment = {"PATH": _WORLD, "HOME": str(tmp_path)}
    for line in (["run", "source", "backup", "--init"], ["restore", "backup", "back", "--yes"]):
        subprocess.run(
            [release / "efs-backup.pyz", *line], env=environment, cwd=tmp_path, check=True, capture_output=True
        )
    assert (tmp_path / "back" / "home" / "a.txt").read_text() == "a text"


@pytest.mark.skipif(not shutil.which("lintian"), reason="needs lintian")
def test_lintian_finds_nothing_in_the_debian_package(release: Path) -> None:
    """Not even what it tells for information."""
    failing = "error,warning,info,pedantic"
    line = ["lintian", "--allow-root", "--fail-on", failing, "--display-info", "--pedantic", str(release / DEB)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


class Chroot:
    """A fresh Debian, with namespaces of its own for processes and mounts."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *line: str) -> str:
        """Run a command in it; gives what it printed."""
        inside = ("unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root}/proc",
                  "chroot", self.root, "env", "-i", f"PATH={_WORLD}", "HOME=/root", "LANG=C.UTF-8")  # fmt: skip
        done = subprocess.run([*inside, *line], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file of it."""
        (self.root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path.lstrip("/")).write_text(text)

    def has(self, path: str) -> bool:
        """Whether it has a path."""
        return os.path.lexists(self.root / path.lstrip("/"))


@pytest.fixture(params=["bookworm", "trixie"])
def debian(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chroot]:
    """The releases that the package is for, with nothing but what it depends on."""
    root = tmp_path / "root"
    line = [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        "--include=fpart,python3,rsync",
        request.param,
        root,
    ]
    subprocess.run(line, check=True)
    yield Chroot(root)
    subprocess.run(["rm", "-rf", "--one-file-system", root], check=True)


@pytest.mark.root
@pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="needs mmdebstrap")
def test_the_debian_package_is_installed_used_removed_and_purged(release: Path, debian: Chroot) -> None:
    """A night by a file in /etc/efs-backup, a restore, and nothing is left but what people have written."""
    shutil.copy(release / DEB, debian.root / "tmp" / DEB)
    debian("dpkg", "--install", f"/tmp/{DEB}")
    example = (debian.root / "usr/share/doc/efs-backup/examples/home.toml").read_text()
    debian.write(
        "/etc/efs-backup/home.toml", example.replace('"/srv/home"', '"/srv/s"').replace('"/mnt/backup"', '"/mnt/b"')
    )
    debian.write("/srv/s/a.txt", "a text")
    (debian.root / "mnt" / "b").mkdir()
    debian("efs-backup", "config", "check")
    debian("efs-backup", "run", "home", "--init")
    debian("efs-backup", "restore", "home", "/srv/back", "--yes")
    assert (debian.root / "srv/back/a.txt").read_text() == "a text"

    pages = {path.name for path in (debian.root / "usr/share/man/man1").glob("efs-backup*")}
    assert pages >= {f"efs-backup-{name}.1.gz" for name in COMMANDS}
    for path in ("bash-completion/completions/efs-backup", "zsh/vendor-completions/_efs-backup"):
        assert debian.has(f"/usr/share/{path}")
    units = debian("dpkg", "--listfiles", "efs-backup").splitlines()
    assert {Path(unit).name for unit in units if "/systemd/system/" in unit} == {
        "efs-backup@.service",
        "efs-backup@.timer",
    }
    assert list((debian.root / "usr/share/efs-backup").rglob("*.pyc")), "compiled once, when it is installed"

    debian("dpkg", "--remove", "efs-backup")
    assert not debian.has("/usr/share/efs-backup")
    debian("dpkg", "--purge", "efs-backup")
    assert debian("dpkg", "--audit") == ""
    assert [path.name for path in (debian.root / "etc/efs-backup").iterdir()] == ["home.toml"]
    assert debian.has("/mnt/b/home/series.json"), "what is backed up is nobody's to remove"
