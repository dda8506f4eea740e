#!/bin/bash
# guard.sh ROOM COMMAND...: runs COMMAND with the whole system read-only but ROOM (which is also TMPDIR and AREA), in mounts of its own.
# These scripts attack a program that runs as root: never run them without this guard, and let links lead to decoys only.
# Exit 99: it does not hold, and nothing was run.
room=$(realpath "$1") || exit 99
shift
[ "$room" != / ] && [ -n "$1" ] || exit 99
# shellcheck disable=SC2016 # it expands in the namespace
ROOM=$room exec unshare --mount --propagation private bash -c '
fails() { echo "the guard does not hold: $*" >&2; exit 99; }
# What cannot be made read-only, such as a mount of another test that goes meanwhile, is not to be seen here.
while read -r place; do
    printf -v place %b "$place"
    case $place in /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) continue ;; esac
    mount -o remount,bind,ro "$place" 2>/dev/null || umount --lazy "$place" 2>/dev/null
    if mountpoint -q "$place" && ! findmnt --mountpoint "$place" --options ro >/dev/null; then fails "$place stays writable"; fi
done < <(findmnt --raw --noheadings --output TARGET)
mount --bind "$ROOM" "$ROOM" && mount -o remount,bind,rw "$ROOM" || fails "no room"
for place in / /bin /boot /etc /home /lib /opt /root /run /sbin /srv /tmp /usr /var /var/tmp "$PWD" "$(dirname "$ROOM")"; do
    [ -d "$place" ] || continue
    if touch "$place/.guard" 2>/dev/null; then rm -f "$place/.guard"; fails "$place is writable"; fi
done
touch "$ROOM/.guard" && rm "$ROOM/.guard" || fails "nothing can be written in the room"
mkdir -p "$ROOM/tmp" && chmod 1777 "$ROOM/tmp" || fails "no room for temporary files"
export TMPDIR="$ROOM/tmp" AREA="$ROOM" PYTHONDONTWRITEBYTECODE=1
exec "$@"' guard "$@"
