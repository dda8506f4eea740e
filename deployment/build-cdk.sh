#!/usr/bin/env bash
# The wheel of efs-backup-cdk, the construct for stacks of others, with the programs that it runs; the same bytes wherever it is built.
#   build-cdk.sh [DIRECTORY [PACKAGES]]    DIRECTORY: deployment/dist/release; PACKAGES: see build-bundle.sh
set -euo pipefail

bash "$(dirname "${BASH_SOURCE[0]}")/build-bundle.sh" "${@:2}"
# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
place=$(realpath --canonicalize-missing "${1:-$repository/deployment/dist/release}")
cd "$repository"

need_environment cdk
use_release_date
"$environment/bin/python" deployment/cdk_wheel.py deployment/dist "$place"
