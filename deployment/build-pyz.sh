#!/usr/bin/env bash
# The command as one file, efs-backup.pyz, which needs Python 3.11, fpart and rsync, and no installation.
# It is the command alone: what `stack` and `browse` need is bigger than all the rest, and comes from pip.
#   build-pyz.sh [DIRECTORY]    DIRECTORY: deployment/dist/release
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
place=$(realpath --canonicalize-missing "${1:-$repository/deployment/dist/release}")

need_environment command
need_release_tools
use_release_date
content=$(mktemp -d)
trap 'rm -rf "$content"' EXIT
PATH="$environment/release/bin:$PATH"

unpack_command "$content"
mkdir -p "$place"
shiv --reproducible --compressed --site-packages "$content" --python '/usr/bin/env python3' --console-script efs-backup \
    --output-file "$place/efs-backup.pyz"
