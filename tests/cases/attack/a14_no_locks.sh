#!/bin/bash
# A mount without lock service (ENOLCK, or EOPNOTSUPP, from flock): a snapshot can be RESTORED all the same.
tool=${1:?the efs-backup command}
area=$(mktemp -d "${AREA:?started by guard.sh alone}/attack-XXXXXX")
trap 'rm -rf "$area"' EXIT
bad=0
mkdir "$area/s" "$area/b"
echo 1 >"$area/s/1"
"$tool" run "$area/s" "$area/b" >/dev/null 2>&1 || { echo "it could not be prepared"; exit 1; }
cat >"$area/locks.c" <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int flock(int fd, int operation) {
    (void)fd;
    (void)operation;
    close(open(getenv("FLOCK_HIT"), O_WRONLY | O_CREAT, 0644));
    errno = atoi(getenv("FLOCK_ERRNO"));
    return -1;
}
C
gcc -shared -fPIC -o "$area/locks.so" "$area/locks.c" || { echo "no compiler here: not tried"; exit 77; }
export FLOCK_HIT=$area/hit
for error in 37:ENOLCK 95:EOPNOTSUPP 38:ENOSYS; do
    for what in run list restore prune; do
        case $what in
            run) set -- run "$area/s" "$area/b" ;;
            list) set -- list "$area/b" ;;
            restore) set -- restore "$area/b" "$area/t$error" ;;
            prune) set -- prune "$area/b" --retain 1 --confirm ;;
        esac
        FLOCK_ERRNO=${error%%:*} LD_PRELOAD=$area/locks.so timeout 60 "$tool" "$@" >"$area/out" 2>"$area/err"
        code=$?
        echo "${error##*:} $what: exit $code: $(grep -m1 -A1 error: "$area/err" | cut -c1-200)"
        [ "$what" = restore ] && { [ "$code" != 0 ] || [ ! -e "$area/t$error/1" ]; } && bad=1
        grep -q Traceback "$area/err" && bad=1
    done
done
[ -e "$FLOCK_HIT" ] || { echo "no lock was ever asked for"; bad=1; }
exit $bad
