#!/bin/bash
# Have restic's own code decide what its policy keeps of the series in questions.py, and store it in verdicts.json.
#
#     bash tests/domain/restic/ask.sh RESTIC
#
# RESTIC: a clone of restic's repository, bare or not. Needs git and Go, of any version since 1.18.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
for file in snapshot_policy.go duration.go; do
    git -C "$1" show "HEAD:internal/data/$file" |
        sed 's/^package data/package main/; s#github.com/restic/restic/internal#judge#' >"$place/$file"
done
mkdir "$place/debug" "$place/errors"
printf 'package debug\n\nfunc Log(string, ...interface{}) {}\n' >"$place/debug/debug.go"
printf 'package errors\n\nimport "fmt"\n\nvar Errorf = fmt.Errorf\n\nfunc New(text string) error { return fmt.Errorf("%%s", text) }\n' \
    >"$place/errors/errors.go"
printf 'module judge\n\ngo 1.18\n' >"$place/go.mod"
cp "$here/judge.go" "$place"
(cd "$place" && GOFLAGS=-mod=mod GOCACHE="$place/cache" go build -o judge .)
python3 "$here/questions.py" "$place/judge" "$(git -C "$1" rev-parse HEAD)" >"$here/verdicts.json"
