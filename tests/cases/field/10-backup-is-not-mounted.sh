#!/bin/bash
# The backup disk is not mounted: no second first backup onto the disk below the mount point.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mount -t tmpfs -o size=8m none b
back_up s b
umount b
said=$(env -u EFS_BACKUP_RUN_INIT "$tool" run s b 2>&1)
code=$?
[ "$code" != 0 ] && [ -z "$(snapshots b)" ] && expected "refused"
grep -qiE 'first|mount' <<<"$said" && expected "backed up, but said that it is a first backup"
unexpected "exit $code without a word: a full copy now lies below the mount point"
