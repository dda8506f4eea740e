#!/bin/bash
# Fetch the seals of one series that are stored outside, for `efs-backup audit BACKUP --seals DIRECTORY`:
#
#     bash deployment/fetch-seals.sh BUCKET DIRECTORY [LABEL [INTERVAL]]
#
# Of each seal the OLDEST version is taken, whatever was written or deleted upon it afterwards: a lock keeps a version,
# and not the name. What was done upon one is said. It needs the AWS CLI, and s3:ListBucketVersions, s3:GetObject and
# s3:GetObjectVersion on the bucket: neither the instance's role nor one that may write there.
set -euo pipefail

if [ $# -lt 2 ] || [ $# -gt 4 ]; then
    echo "usage: $0 BUCKET DIRECTORY [LABEL [INTERVAL]]" >&2
    exit 2
fi
bucket=$1 directory=$2 prefix=seals/${3-efs-backup}/${4-daily}/

# Keys are text of whoever may write there: JSON, not lines, and only what looks like a seal of this series.
read -r -d '' oldest <<'END' || true
import json, re, sys
prefix, found = sys.argv[1], json.load(sys.stdin) or {}
versions, marked = {}, {each["Key"] for each in found.get("DeleteMarkers") or []}
for each in found.get("Versions") or []:
    versions.setdefault(each["Key"], []).append(each)
for key, there in sorted(versions.items()):
    name = re.fullmatch(re.escape(prefix) + r"([0-9]{8}T[0-9]{6}Z)\.json", key)
    first = min(reversed(there), key=lambda each: each["LastModified"])  # listed newest first, with whole seconds
    if not name or not re.fullmatch(r"[A-Za-z0-9._-]+", first["VersionId"]):
        print(f"{key!r} is no seal of this series, and is left out.", file=sys.stderr)
        continue
    if len(there) > 1:
        print(f"{key} was written {len(there)} times; the oldest version is taken.", file=sys.stderr)
    if key in marked:
        print(f"{key} was deleted; its oldest version is there still, and is taken.", file=sys.stderr)
    print(name[1], first["VersionId"])
END

mkdir -p "$directory"
chosen=$(aws s3api list-object-versions --bucket "$bucket" --prefix "$prefix" --output json | python3 -c "$oldest" "$prefix")
if [ -z "$chosen" ]; then
    echo "There is no seal below s3://$bucket/$prefix" >&2
    exit 5
fi
while read -r name version; do
    aws s3api get-object --bucket "$bucket" --key "$prefix$name.json" --version-id "$version" \
        "$directory/.$name.new" >/dev/null </dev/null
    mv "$directory/.$name.new" "$directory/$name.seal.json"
done <<<"$chosen"
echo "$(wc -l <<<"$chosen") seals are in $directory"
