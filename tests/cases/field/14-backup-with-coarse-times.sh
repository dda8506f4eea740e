#!/bin/bash
# BACKUP keeps times by whole seconds (128-byte inodes; NTFS and SMB round too): still incremental, or say so.
# shellcheck source=tests/cases/field/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for i in $(seq 50); do echo "$i" >"s/$i"; done
disk 64M b -I 128
back_up s b
said=$("$tool" run s b 2>&1) || unexpected "$said"
linked=$(find b/efs-backup/daily.0/ -type f -links +1 | wc -l)
[ "$linked" = 51 ] && expected "all linked"
grep -qiE 'time|granul|precis' <<<"$(grep -E '^(note|warning)|Z [A-Z]' <<<"$said")" && expected "said so"
unexpected "$linked of 51 unchanged files linked, copies each night, without a word"
