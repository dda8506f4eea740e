#!/usr/bin/env bash
# The main job on this machine, without AWS.
#   run-local.sh SOURCE BACKUP    backs SOURCE up to BACKUP, once
#   run-local.sh                  shows the whole solution, stacks and all, in an emulated AWS on this machine
#   run-local.sh --engine         shows the engine alone, on a sample of this machine's own files
set -euo pipefail

# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if [ $# -eq 0 ]; then
    need_packages fpart rsync iproute2 nodejs
    need_environment test
    cd "$repository"
    export PATH="$environment/bin:$PATH"
    if [ "$(id -u)" -eq 0 ]; then exec python -m deployment.local_cloud.demo; fi
    as_its_own_root=(unshare --user --map-root-user --mount)
    if "${as_its_own_root[@]}" mount -t tmpfs tmpfs /mnt 2>/dev/null; then
        # The CDK's cache trusts only directories below which all belong to root or to the user; here / belongs to neither.
        JSII_RUNTIME_PACKAGE_CACHE=disabled exec "${as_its_own_root[@]}" python -m deployment.local_cloud.demo
    fi
    echo "The emulated instances need namespaces and mounts, which this system allows root alone." >&2
    exec sudo --preserve-env=PATH,TMPDIR "$environment/bin/python" -m deployment.local_cloud.demo
fi

need_packages fpart rsync
need_environment command
PATH="$environment/bin:$PATH"

if [ $# -eq 2 ]; then
    exec efs-backup run "$1" "$2" --init
elif [ "$*" != --engine ]; then
    echo "Usage: $0 [--engine | SOURCE BACKUP]" >&2
    exit 2
fi

sample=$(mktemp -d "${TMPDIR:-/tmp}/efs-backup-sample.XXXXXX")
source="$sample/source"
backup="$sample/backup"

# show COMMAND ARGUMENT...: print a command as one could type it, and run it.
show() {
    printf '\n$'
    printf ' %q' "$@"
    printf '\n'
    "$@"
}

# first_files NUMBER: relative paths of that many files of this machine, each small enough for a sample.
first_files() {
    find /usr/lib /usr/share /usr/include -xdev \( -type f -size -256k -o -type l \) -readable -print0 \
        >"$sample/found" 2>/dev/null || true
    head --zero-terminated --lines="$1" "$sample/found"
}

say "A sample of 10,000 real files in $source"
mkdir "$source" "$backup"
first_files 10000 | rsync --archive --from0 --files-from=- / "$source/"
restored=$(find "$source" -mindepth 3 -maxdepth 3 -type d -printf '%P\n' | sort | sed --quiet 1p)

say "The first night: everything is copied"
show efs-backup run "$source" "$backup" --init

say "Some changes by day: 40 files grow, 20 are deleted, one mode changed, one directory new"
find "$source" -type f -print0 | sort --zero-terminated >"$sample/files"
head --zero-terminated --lines=40 "$sample/files" | xargs -0 truncate --size=+7
head --zero-terminated --lines=60 "$sample/files" | tail --zero-terminated --lines=20 | xargs -0 rm --
tail --zero-terminated --lines=1 "$sample/files" | xargs -0 chmod 600
mkdir "$source/new directory"
date >"$source/new directory/new file"

say "The second night: only what changed is copied, the rest are links"
show efs-backup run "$source" "$backup"

say "What is there"
show efs-backup list "$backup"

say "What has changed between the two nights"
show efs-backup diff "$backup" 1 0 | sed '20,${$!d}' # the first lines, and the last: the counts

say "A directory is lost, and comes back as it was the night before"
rm -rf "${source:?}/$restored"
show efs-backup restore "$backup" "$source/$restored" --path "$restored" --number 1
echo
diff --recursive --no-dereference "$backup/efs-backup/daily.1/$restored" "$source/$restored" && echo "Equal to the snapshot."

say "Look around"
echo "The snapshots are plain directories: $backup/efs-backup/daily.0 and daily.1"
echo "The command is $environment/bin/efs-backup: try $environment/bin/efs-backup list $backup"
echo "By its name alone, in this shell:         export PATH=$environment/bin:\$PATH"
echo "By its name alone, for everybody:         ln -s $environment/bin/efs-backup /usr/local/bin/"
echo "Delete the sample with: rm -rf $sample"
