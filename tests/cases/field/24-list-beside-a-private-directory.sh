#!/bin/bash
# BACKUP is the root of an ext4 disk (lost+found), the user is not root.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# setpriv itself starts the command, for it may still look into root's directories for a Python.
nobody() { HOME=/nonexistent TMPDIR=$dir/s setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
chmod 755 "$dir"
chown -R nobody s b
mkdir -m 700 b/lost+found
nobody "$tool" --version >/dev/null 2>&1 || cannot "nobody may not start $tool"
nobody "$tool" run s b >/dev/null 2>&1
[ "$(snapshots b | wc -l)" = 1 ] || unprepared "no snapshot"
said=$(nobody "$tool" list b 2>&1)
code=$?
[ "$code" = 0 ] && expected "listed"
unexpected "exit $code: $(head -1 <<<"$said")"
