#!/bin/bash
# An emulated instance, from its power button on: pid 1 of namespaces of its own. Arguments: a folder for it, the folder
# of the emulated file systems, a directory with the programs beside this one, and what else must be seen inside.
set -euo pipefail
place=$1 file_systems=$2 programs=$3
shift 3
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
ip link set lo up
ip address add 169.254.169.254/32 dev lo
echo network
read -r _ # by now somebody answers at that address

disk="$place/disk" root="$place/disk/root"
mount -t tmpfs disk "$disk"
mkdir "$root"
over() { # over DIRECTORY [OPTION]: what the machine has there, on the instance, whose changes stay its own
    mkdir -p "$disk/changes$1" "$disk/work$1"
    mount -t overlay -o "lowerdir=/$1,upperdir=$disk/changes$1,workdir=$disk/work$1${2-}" overlay "$root$1"
}
if grep -q 4294967295 /proc/self/uid_map; then
    over ""
else # who is root in a user namespace alone can lay nothing over mounts of others, such as /, nor change what is not his
    mount --rbind / "$root"
    mkdir -p "$disk/changes"/etc/systemd/system
    for directory in /etc /usr/sbin; do over "$directory" ,userxattr; done
    for directory in /opt /srv; do mount -t tmpfs tmpfs "$root$directory"; done
fi
see() { # see FROM TO: what lies there on the machine is there on the instance
    mkdir -p "$root$2" && mount --rbind "$1" "$root$2"
}
for directory in /dev /sys; do see "$directory" "$directory"; done
for directory in /run /tmp; do
    mkdir -p "$root$directory" && mount -t tmpfs tmpfs "$root$directory"
done
mount -t proc proc "$root/proc"
see "$place/log" /var/log
see "$file_systems" /srv/file-systems
see "$programs" /opt/local-cloud
for directory; do see "$directory" "$directory"; done
install -m 0755 "$programs/mount.nfs4" "$root/usr/sbin/mount.nfs4"
install -m 0644 "$place/environment" "$root/etc/environment"
install -m 0700 "$place/user-data" "$root/run/user-data"
cd "$root"
exec chroot . /opt/local-cloud/init
