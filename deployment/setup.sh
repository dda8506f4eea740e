# shellcheck shell=bash
# Sourced by the scripts beside it: installs what is missing, and nothing that is there.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment="$repository/.venv"
unset PYTHONDONTWRITEBYTECODE # images of containers set it; each of thousands of short processes would compile every module

say() { printf '\n== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages PACKAGE...: Debian packages that are not installed yet.
need_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "Installing: ${missing[*]}"
    as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# need_node: what the CDK runs on.
need_node() {
    if ! { command -v node && command -v npx; } >/dev/null; then need_packages nodejs npm; fi
}

# find_python: the name of a Python that is new enough and can make virtual environments.
find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

# need_environment PURPOSE: the virtual environment with the project in it, for "command", "cdk" or, with all there is, "test".
need_environment() {
    local wanted version installed="$environment/.installed"
    version=$(cat "$repository"/{pyproject.toml,uv.lock} | sha256sum | cut -d' ' -f1)
    wanted="$1 $version"
    grep -qxF -e "$wanted" -e "test $version" "$installed" 2>/dev/null && return
    local python
    if ! python=$(find_python); then
        need_packages python3 python3-venv
        python=$(find_python) || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
    fi
    say "Installing the Python packages into $environment"
    [ -x "$environment/bin/python" ] || "$python" -m venv "$environment"
    install_project "$1"
    echo "$wanted" >>"$installed"
}

# install_project PURPOSE: what uv.lock says and nothing newer; by uv, which takes seconds where pip takes minutes, or by pip where
# uv cannot be had or fails. deployment/lock.sh renews the lock and what pip reads of it.
install_project() {
    local locked="$repository/deployment/locked" extra=()
    local pip=("$environment/bin/python" -m pip install --quiet --disable-pip-version-check)
    [ "$1" = command ] || extra=(--extra "$1")
    "${pip[@]}" --require-hashes --requirement "$locked/uv.txt" &&
        UV_PROJECT_ENVIRONMENT="$environment" "$environment/bin/uv" sync --quiet --project "$repository" \
            --frozen --inexact --no-default-groups --group build --no-build-isolation-package efs-backup "${extra[@]}" && return
    "${pip[@]}" --require-hashes --requirement "$locked/$1.txt"
    "${pip[@]}" --no-deps --no-build-isolation --editable "$repository"
}

# need_checkers: checkov and parliament, in a virtual environment of their own, for checkov wants another boto3 than the project.
need_checkers() { need_locked checkers "$environment/checkers"; }

# need_release_tools: what builds and describes the packages, in a virtual environment of its own: the project's has no use for it.
need_release_tools() { need_locked release "$environment/release"; }

# need_locked NAME DIRECTORY: a virtual environment with what deployment/locked/NAME.txt says, and nothing else.
need_locked() {
    local place=$2 locked="$repository/deployment/locked/$1.txt" wanted
    wanted=$(sha256sum <"$locked")
    grep -qxF "$wanted" "$place/.installed" 2>/dev/null && return
    say "Installing the tools of $1 into $place"
    if ! { "$environment/bin/uv" venv --quiet --clear --python "$environment/bin/python" "$place" &&
        "$environment/bin/uv" pip install --quiet --python "$place/bin/python" --require-hashes --requirement "$locked"; }; then
        "$environment/bin/python" -m venv --clear "$place"
        "$place/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$locked"
    fi
    echo "$wanted" >"$place/.installed"
}

# project_version: what source/efs_backup/__init__.py says, and no other file.
project_version() { sed --quiet 's/^__version__ = "\(.*\)"$/\1/p' "$repository/source/efs_backup/__init__.py"; }

# use_release_date: the packages are dated by the commit, so that whoever builds it again gets the same bytes; without a
# repository, as in an unpacked sdist, by the newest of its files.
use_release_date() {
    : "${SOURCE_DATE_EPOCH:=$(git -C "$repository" log -1 --format=%ct 2>/dev/null ||
        find "$repository/source" -name '*.py' -printf '%Ts\n' | sort --numeric-sort | tail --lines=1)}"
    export SOURCE_DATE_EPOCH
    umask 022
}

# unpack_command DIRECTORY: the command and the packages that it needs, of the locked versions, ready to be imported from there.
unpack_command() {
    local wheels pip=("$environment/bin/python" -m pip -qq --disable-pip-version-check)
    wheels=$(mktemp -d)
    "${pip[@]}" wheel --no-deps --no-build-isolation --wheel-dir "$wheels" "$repository"
    "${pip[@]}" install --no-deps --no-compile --require-hashes --only-binary=:all: --target "$1" \
        --requirement "$repository/deployment/locked/runtime.txt"
    "${pip[@]}" install --no-deps --no-compile --no-index --target "$1" "$wheels"/*.whl
    rm -rf "$wheels" "${1:?}/bin" "$1"/*.dist-info/{RECORD,direct_url.json,INSTALLER,REQUESTED}
}
