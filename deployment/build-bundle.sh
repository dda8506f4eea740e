#!/usr/bin/env bash
# The bundle that an instance installs without a package index: deployment/dist/efs-backup-agent.zip
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
trap 'rm -rf "$content"' EXIT
bundle=deployment/dist/efs-backup-agent.zip

say "Collecting the wheels"
pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$content/wheels" .
pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    --dest "$content/wheels" --requirement deployment/wheelhouse.txt
cp deployment/install.sh deployment/efs-backup-{agent,give-up}.service "$content"
if [ -n "$packages" ]; then
    mkdir "$content/packages"
    cp "$packages"/*.deb "$content/packages"
fi

say "Writing $bundle"
python -m cdk.archives "$content" "$bundle"
sha256sum "$bundle"
