#!/usr/bin/env bash
# The manual pages of the command, into build/man/man1, or another directory.
#   build-man.sh [DIRECTORY]
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$repository"

pages=${1:-build/man/man1}
need_environment test
PYTHONPATH=. "$environment/bin/python" deployment/man_pages.py "$pages"
say "Manual pages are in $pages: man -l $pages/efs-backup.1"
