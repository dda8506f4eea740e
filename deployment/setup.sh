# shellcheck shell=bash
# Sourced by the scripts beside it: installs what is missing, and nothing that is there.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment="$repository/.venv"

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
need_checkers() {
    local checkers="$environment/checkers" locked="$repository/deployment/locked/checkers.txt" wanted
    wanted=$(sha256sum <"$locked")
    grep -qxF "$wanted" "$checkers/.installed" 2>/dev/null && return
    say "Installing the checkers into $checkers"
    if ! { "$environment/bin/uv" venv --quiet --clear --python "$environment/bin/python" "$checkers" &&
        "$environment/bin/uv" pip install --quiet --python "$checkers/bin/python" --require-hashes --requirement "$locked"; }; then
        "$environment/bin/python" -m venv --clear "$checkers"
        "$checkers/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$locked"
    fi
    echo "$wanted" >"$checkers/.installed"
}
