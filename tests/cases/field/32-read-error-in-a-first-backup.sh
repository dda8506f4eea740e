#!/bin/bash
# A large file cannot be read to its end (bad sector, soft NFS mount) in a first backup: never a Success with other content.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

head -c 2M /dev/urandom >s/big
touch -d 2020-01-01 s/big
cat >eio.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
ssize_t read(int fd, void *to, size_t n) {
    static ssize_t (*real)(int, void *, size_t);
    char link[64], path[4096];
    if (!real) real = dlsym(RTLD_NEXT, "read");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t l = readlink(link, path, sizeof path);
    int is_big = l > 6 && !memcmp(path + l - 6, "/s/big", 6);
    if (is_big && lseek(fd, 0, SEEK_CUR) >= 500000) {
        snprintf(path + l - 5, 5, "hit");
        close(open(path, O_WRONLY | O_CREAT, 0644));
        errno = EIO;
        return -1;
    }
    return real(fd, to, n);
}
C
gcc -shared -fPIC -o eio.so eio.c -ldl || cannot "no compiler here"
LD_PRELOAD=$dir/eio.so "$tool" run s b >out 2>&1
code=$?
cmp -s s/big b/efs-backup/daily.0/big && expected "whole"
[ -e "$dir/hit" ] || unprepared "no read failed"
[ "$code" != 0 ] && [ -z "$(snapshots b)" ] && expected "failed: $(grep -m1 error out | cut -c1-100)"
[ "$code" != 0 ] && unexpected "failed, and published: $(snapshots b)"
unexpected "exit 0, but the content differs: $(cmp s/big b/efs-backup/daily.0/big 2>&1)"
