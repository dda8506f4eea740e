# shellcheck shell=bash
# Sourced by the cases, each of which takes the efs-backup command as its argument: a directory of its own below TMPDIR with the
# source `s` and the backup `b`, and the words that end a case. Exit 0: as a user expects; 1: not;
# 2: it could not be prepared; 77: this machine cannot do it. Backups in one second have different names: nothing waits between them.
set -u
tool=${1:?the efs-backup command}
dir=$(mktemp -d)
cd "$dir" || exit 1

mounted() { awk -v d="$dir/" 'index($2, d) == 1 {print $2}' /proc/mounts | sort -r; }
clean() {
    builtin cd / || return
    mounted | while read -r m; do umount -l "$m"; done
    rm -rf "$dir"
}
trap clean EXIT

ends() { echo "$(basename "$0" .sh): $2"; exit "$1"; }
expected() { ends 0 "$1"; }
unexpected() { ends 1 "$1"; }
unprepared() { ends 2 "it could not be prepared: $1"; }
cannot() { ends 77 "$1: not tried"; }

# back_up ARGUMENT...: a backup that only prepares the case, and so has to succeed.
back_up() { "$tool" run "$@" >"$dir/prepared" 2>&1 || unprepared "$(cat "$dir/prepared")"; }

# snapshots BACKUP: the directories of the daily snapshots, oldest first.
snapshots() { find "$1/efs-backup/daily" -mindepth 1 -maxdepth 1 -name '2*' 2>/dev/null | sort; }

# disk SIZE AT: an ext4 of its own, from a loop device; further arguments are those of mkfs.ext4.
disk() {
    truncate -s "$1" img
    mkfs.ext4 -q -F "${@:3}" img >/dev/null 2>&1 || cannot "no mkfs.ext4 here"
    mount -o loop img "$2" 2>/dev/null || cannot "no loop devices here"
}

# wait_for COMMAND...: until it is true, a minute at most.
wait_for() {
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        "$@" && return
        sleep 0.05
    done
    unprepared "this never came true: $*"
}

mkdir s b
echo a >s/a
