#!/usr/bin/env bash
# Everything that a release has but the templates (build-s3-dist.sh), each with its checksum; the same bytes wherever it is built.
#   build-release.sh [DIRECTORY [TAG]]    DIRECTORY: deployment/dist/release; TAG has to be that of the version, v1.2.3
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
place=$(realpath --canonicalize-missing "${1:-$repository/deployment/dist/release}")
version=$(project_version)
if [ $# -gt 1 ]; then
    [ "$2" = "v$version" ] || { echo "The tag is $2, the version in source/efs_backup/__init__.py is $version." >&2; exit 1; }
    grep -qF "## [$version]" "$repository/CHANGELOG.md" || { echo "CHANGELOG.md has no section [$version]." >&2; exit 1; }
fi
cd "$repository"
rm -rf "$place"

for kind in dist pyz deb cdk; do bash "deployment/build-$kind.sh" "$place"; done
need_environment command
need_release_tools
use_release_date
content=$(mktemp -d)
trap 'rm -rf "$content"' EXIT

# describe NAME LOCKED: the parts list and the licences of what deployment/LOCKED and this project's wheel install.
describe() {
    local python="$content/$1/bin/python"
    "$environment/bin/python" -m venv --without-pip "$content/$1"
    "$environment/bin/python" -m pip --python "$python" install -qq --disable-pip-version-check --no-deps --no-compile \
        --require-hashes --only-binary=:all: --requirement "deployment/$2"
    "$environment/bin/python" -m pip --python "$python" install -qq --disable-pip-version-check --no-deps --no-compile \
        --no-index "$place"/efs_backup-*.whl
    "$environment/release/bin/cyclonedx-py" environment --output-reproducible --spec-version 1.6 \
        --pyproject pyproject.toml --mc-type application --output-file "$place/$1.cdx.json" "$python"
    "$environment/bin/python" deployment/licences.py "$content/$1"/lib/python3*/site-packages >"$place/$1.licences.txt"
}
say "The parts and their licences"
describe efs-backup locked/runtime.txt
describe efs-backup-agent wheelhouse.txt

cd "$place"
sha256sum -- * >SHA256SUMS.new
mv SHA256SUMS.new SHA256SUMS
cat SHA256SUMS
