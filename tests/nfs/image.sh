#!/usr/bin/env bash
# The disk of the guest, made once and kept: image.sh prints the directory with disk.img and the key for root's ssh.
# Debian 13, with the packages that the bundle's install.sh asks for, so that a night needs no mirror.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

packages=systemd-sysv,udev,dbus,kmod,cloud-init,ifupdown,isc-dhcp-client,iproute2,openssh-server,ca-certificates,e2fsprogs
packages+=,fpart,rsync,nfs-common
modules=$(echo /usr/lib/uml/modules/*)
wanted=$({ echo "$modules"; find image.sh image -type f -exec sha256sum {} +; } | LC_ALL=C sort | sha256sum | cut -c1-12)
place="${XDG_CACHE_HOME:-$HOME/.cache}/efs-backup/nfs-image-$wanted"
if [ -e "$place/disk.img" ]; then
    echo "$place"
    exit
fi

building=$(mktemp -d "${TMPDIR:-/tmp}/efs-backup-nfs-image.XXXXXX")
trap 'rm -rf "$building"' EXIT
root="$building/root"
mkdir -p "$place" && chmod 0700 "$place"
mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' trixie "$root" >&2
cp --recursive --remove-destination --preserve=mode image/. "$root"
mkdir -p "$root/lib/modules" "$root/root/.ssh"
cp --recursive "$modules" "$root/lib/modules/"
depmod --basedir "$root" "$(basename "$modules")"
ssh-keygen -q -t ed25519 -N '' -C local-cloud -f "$building/key"
install -m 0600 "$building/key.pub" "$root/root/.ssh/authorized_keys"
# What a guest that lives for minutes can do without: each unit costs its one slow processor some tenths of a second.
for unit in {apt-daily,apt-daily-upgrade,dpkg-db-backup,e2scrub_all,fstrim,man-db}.timer getty.target \
    systemd-{binfmt,hwdb-update,journal-catalog-update,modules-load,random-seed,udev-load-credentials,update-done}.service \
    modprobe@{configfs,drm,efi_pstore,fuse}.service {kmod-static-nodes,ldconfig,nfs-blkmap,rpc-statd-notify,rpcbind}.service \
    rpcbind.socket {sys-fs-fuse-connections,sys-kernel-config,sys-kernel-debug,sys-kernel-tracing,dev-hugepages}.mount \
    proc-sys-fs-binfmt_misc.automount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
truncate --size=2G "$building/disk.img"
mkfs.ext4 -q -F -L root -d "$root" "$building/disk.img"
mv "$building/key" "$building/key.pub" "$place"
mv "$building/disk.img" "$place" # last: only a whole image has a disk
echo "$place"
