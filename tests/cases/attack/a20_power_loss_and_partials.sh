#!/bin/bash
# BACKUP is an ext4 of its own (a loop device). A backup is killed, its partial stays, nothing was flushed; the power fails some
# seconds later: what the disk has then is a copy of the image, journal replayed. The next backup continues from the partial:
# what it publishes is true.
tool=${1:?the efs-backup command}
area=$(mktemp -d "${AREA:?started by guard.sh alone}/attack-XXXXXX")
bad=0
trap 'umount "$area/b" "$area/b2" 2>/dev/null; rm -rf "$area"' EXIT
mkdir "$area/s" "$area/b" "$area/b2"
for i in $(seq 40); do # holes at the end, so that the size is set by a truncate: as images of disks and databases have
    head -c 400000 /dev/urandom >"$area/s/image$i"
    truncate -s 1M "$area/s/image$i"
done
for i in $(seq 200); do head -c 9000 /dev/urandom >"$area/s/small$i"; done
mkfifo "$area/s/zz"
head -c 150M /dev/urandom >"$area/s/zlast" # very large files are copied last: time to kill it

partial() { find "$1" -path "$1/efs-backup/daily/.partial-*" -name '*[0-9]' -type f 2>/dev/null; }

for case in "a first backup" "a second backup"; do
    truncate -s 900M "$area/img"
    mkfs.ext4 -q -F "$area/img"
    # The journal is written each second, the data after thirty.
    mount -o loop,commit=1 "$area/img" "$area/b" || { echo "no loop devices here: not tried"; exit 77; }
    if [ "$case" = "a second backup" ]; then
        mkdir "$area/later"
        mv "$area"/s/[isz]* "$area/later"
        echo 1 >"$area/s/first"
        "$tool" run "$area/s" "$area/b" >/dev/null 2>&1 || bad=1
        mv "$area"/later/* "$area/s"
        sync -f "$area/b"
    fi
    "$tool" run "$area/s" "$area/b" >/dev/null 2>&1 &
    pid=$!
    while kill -0 $pid 2>/dev/null && [ "$(partial "$area/b" | grep -c image)" -lt 39 ]; do sleep 0.01; done
    kill -KILL $pid 2>/dev/null || { echo "$case: it was not killed in time"; bad=1; }
    wait $pid 2>/dev/null
    sleep 3 # as it does until the power fails: the journal has the names and sizes, and no data is written yet
    cp --sparse=always "$area/img" "$area/img2"
    umount "$area/b" || umount -l "$area/b"
    mount -o loop "$area/img2" "$area/b2"
    echo "$case: the partial has $(partial "$area/b2" | wc -l) files after the power loss"
    [ "$(partial "$area/b2" | grep -c image)" -gt 0 ] || { echo "$case: no partial was left to continue from"; bad=1; }
    "$tool" run "$area/s" "$area/b2" >"$area/out" 2>&1
    code=$?
    wrong=0
    for file in "$area"/s/[is]*; do cmp -s "$file" "$area/b2/efs-backup/daily.0/$(basename "$file")" || wrong=$((wrong + 1)); done
    echo "$case: next backup exit $code, files in the snapshot with other content than the source: $wrong"
    if [ $code != 0 ] || [ $wrong != 0 ]; then bad=1; fi
    [ $code = 0 ] || tail -3 "$area/out"
    umount "$area/b2"
    rm -f "$area/img" "$area/img2"
done
exit $bad
