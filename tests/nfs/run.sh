#!/usr/bin/env bash
# The whole solution over real NFS, on this machine: what is real in it, and what it needs, is told by docs/testing/real-nfs.md.
#   run.sh    as root; takes some minutes
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deployment/setup.sh"
cd "$repository"

if [ $# -ne 0 ] || [ "$(id -u)" -ne 0 ]; then
    echo "Usage, as root: $0" >&2
    exit 2
fi
need_packages user-mode-linux mmdebstrap e2fsprogs kmod openssh-client nfs-ganesha nfs-ganesha-vfs dnsmasq-base iproute2
need_node
need_environment test
bash deployment/build-bundle.sh
say "The disk of the guest"
image=$(bash tests/nfs/image.sh)
echo "$image"
say "Four nights and a restore"
exec "$environment/bin/python" -m tests.nfs.real_nfs "$image" deployment/dist/efs-backup-agent.zip
