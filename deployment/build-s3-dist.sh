#!/usr/bin/env bash
# Everything that people without CDK deploy, in deployment/dist:
#   build-s3-dist.sh CODE_BUCKET TEMPLATE_BUCKET VERSION [DIRECTORY]
# The templates take the programs from buckets named CODE_BUCKET-<region>. DIRECTORY: see build-bundle.sh.
set -euo pipefail

if [ $# -lt 3 ] || [ $# -gt 4 ] || [ -z "$1" ] || [ -z "$2" ] || [ -z "$3" ]; then
    echo "Usage: $0 CODE_BUCKET TEMPLATE_BUCKET VERSION [DIRECTORY]" >&2
    exit 2
fi
code_bucket=$1 template_bucket=$2 version=$3

bash "$(dirname "${BASH_SOURCE[0]}")/build-bundle.sh" "${@:4}"
# shellcheck source=deployment/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$repository"
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20

need_node
say "Writing the templates"
"$environment/bin/python" -m cdk.publish "$code_bucket" "$version" deployment/dist
cd deployment/dist
sha256sum efs-backup.template efs-restore.template efs_to_efs_backup.zip efs-backup-{agent,page}.zip | tee SHA256SUMS

say "What goes where"
cat <<END
The programs, to each region in which the templates shall work; the bucket must be in that region:
  for file in efs_to_efs_backup.zip efs-backup-agent.zip efs-backup-page.zip SHA256SUMS; do
    aws s3 cp $PWD/\$file s3://$code_bucket-REGION/efs-backup/$version/
  done
The templates, to one bucket:
  for file in efs-backup.template efs-restore.template SHA256SUMS; do
    aws s3 cp $PWD/\$file s3://$template_bucket/efs-backup/$version/
  done
Then anybody who may read them deploys, with the region of that bucket in the place of REGION (in China .amazonaws.com.cn),
  aws cloudformation create-stack --capabilities CAPABILITY_IAM --stack-name EfsBackup --parameters ... \\
    --template-url https://$template_bucket.s3.REGION.amazonaws.com/efs-backup/$version/efs-backup.template
Reports lead to a restore stack that is filled in, with the parameter
  RestoreTemplateUrl=https://$template_bucket.s3.REGION.amazonaws.com/efs-backup/$version/efs-restore.template
END
