#!/usr/bin/env bash
# The bundle that an instance installs without a package index: deployment/dist/efs-backup-agent.zip; and the code of the page, which
# a function shows if it is wanted: deployment/dist/efs-backup-page.zip
#   build-bundle.sh [DIRECTORY]    DIRECTORY holds .deb packages: amazon-efs-utils, and what the AMI lacks, for either architecture
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$repository"

packages=${1:-}
[ -z "$packages" ] || packages=$(cd "$OLDPWD" && cd "$packages" && pwd)
need_environment cdk
PATH="$environment/bin:$PATH"

content=$(mktemp -d)
page=$(mktemp -d)
trap 'rm -rf "$content" "$page"' EXIT
bundle=deployment/dist/efs-backup-agent.zip page_zip=deployment/dist/efs-backup-page.zip

say "Collecting the wheels"
pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$content/wheels" .
pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    --dest "$content/wheels" --requirement deployment/wheelhouse.txt
cp deployment/install.sh deployment/efs-backup-{agent,give-up}.service "$content"
if [ -n "$packages" ]; then
    mkdir "$content/packages"
    cp "$packages"/*.deb "$content/packages"
fi

say "Collecting the packages of the page, of the versions in deployment/locked"
pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes --only-binary=:all: \
    --implementation cp --python-version 3.13 --platform manylinux2014_x86_64 \
    --target "$page" --requirement deployment/locked/function.txt
rm -rf "${page:?}/bin"

say "Writing $bundle and $page_zip"
python -m cdk.packaging.archives bundle "$content" "$bundle"
python -m cdk.packaging.archives page "$page" "$page_zip"
sha256sum "$bundle" "$page_zip"
