#!/usr/bin/env bash
# What is installed is renewed on purpose, by this alone: uv.lock, and what pip reads of it in deployment/locked.
#   lock.sh                       after a change of pyproject.toml: adds what it asks for, and keeps the rest
#   lock.sh --upgrade             takes the newest releases that pyproject.toml allows
#   lock.sh --upgrade-package P   takes the newest of P alone
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$repository"

need_environment test
uv="$environment/bin/uv"

# Others are to find the packages too, whatever index this machine is told to ask.
"$uv" lock --default-index https://pypi.org/simple "$@"

# export_to NAME OPTION...: the packages of a purpose, with the checksums of their files.
export_to() {
    "$uv" export --quiet --frozen --no-default-groups --no-emit-project --no-annotate --no-header "${@:2}" \
        --output-file "deployment/locked/$1.txt" >/dev/null
}

mkdir -p deployment/locked
export_to uv --only-group installer
export_to command --group build
export_to runtime
export_to release --only-group release
export_to cdk --group build --extra cdk
export_to function --extra function --no-emit-package click --no-emit-package markdown-it-py --no-emit-package mdurl \
    --no-emit-package pygments --no-emit-package rich
export_to docs --extra docs
export_to test --group build --extra test
export_to checkers --only-group checkers
