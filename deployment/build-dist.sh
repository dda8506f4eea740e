#!/usr/bin/env bash
# The wheel and the sdist, as PyPI has them; the wheel is built from the sdist, so that nothing is in it that is not in both.
#   build-dist.sh [DIRECTORY]    DIRECTORY: deployment/dist/release
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
place=$(realpath --canonicalize-missing "${1:-$repository/deployment/dist/release}")

need_environment command
need_release_tools
use_release_date
"$environment/release/bin/python" -m build --no-isolation --outdir "$place" "$repository"
