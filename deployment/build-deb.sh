#!/usr/bin/env bash
# The Debian package, for every architecture, Debian 12 and Ubuntu 24.04 and newer.
#   build-deb.sh [DIRECTORY]    DIRECTORY: deployment/dist/release
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
place=$(realpath --canonicalize-missing "${1:-$repository/deployment/dist/release}")
cd "$repository"

need_packages dpkg-dev debhelper dh-python python3
need_environment command
need_release_tools
use_release_date
building=$(mktemp -d)
trap 'rm -rf "$building"' EXIT
tree="$building/efs-backup"

mkdir -p "$tree"/{command,generated,man} "$place"
cp -R deployment/debian "$tree"
cp deployment/systemd/efs-backup@.{service,timer} "$tree/debian"
unpack_command "$tree/command"
rm -rf "$tree"/command/*.dist-info

# run_packed ARGUMENT...: Python with what is packed, and nothing of this checkout.
run_packed() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$tree/command" "$environment/release/bin/python" "$@"; }
run_packed deployment/man_pages.py "$tree/man"
write() { run_packed -c 'from efs_backup.cli.app import main; main()' "${@:2}" >"$tree/generated/$1"; }
write efs-backup completion bash
write _efs-backup completion zsh
write efs-backup.fish completion fish
write home.toml config example

cat >"$tree/debian/changelog" <<END
efs-backup ($(project_version)) unstable; urgency=medium

  * See CHANGELOG.md of the project.

 -- $(sed --quiet 's/^Maintainer: //p' deployment/debian/control)  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
END
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign >"$building/log" 2>&1) || { cat "$building/log" >&2; exit 1; }
cp "$building"/*.deb "$place"
say "The Debian package is in $place"
