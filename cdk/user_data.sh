#!/bin/bash
# Runs once, as root, when an instance boots. The template fills in the names in capitals.
set -aEeuo pipefail # with a, what the environment file says is handed on to all programs
install -d -m 0700 /etc/efs-backup /opt/efs-backup; cd /opt/efs-backup
cat >/etc/efs-backup/agent.env <<'END'
${AGENT_ENVIRONMENT}
END
# shellcheck source=/dev/null
. /etc/efs-backup/agent.env
give_up() { python3 -c 'import boto3, sys; boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName=sys.argv[1], DesiredCapacity=0)' "$GROUP_NAME"; }
trap give_up ERR
[ -z "${https_proxy-}" ] || { systemctl import-environment http_proxy https_proxy no_proxy && systemctl try-restart '*amazon-ssm-agent*.service'; }
mapfile -t missing < <(for package in fpart rsync nfs-common python3-boto3 python3-venv; do dpkg --status "$package" >/dev/null 2>&1 || echo "$package"; done)
apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$@"; }
[ "${#missing[@]}" -eq 0 ] || { apt-get update --quiet && apt_install "${missing[@]}"; }
python3 -c 'import boto3, sys; boto3.client("s3").download_file(*sys.argv[1:])' "${BUNDLE_BUCKET}" "${BUNDLE_KEY}" bundle.zip
echo "${BUNDLE_SHA256}  bundle.zip" | sha256sum --check --quiet
python3 -m zipfile --extract bundle.zip bundle
[ ! -d bundle/packages ] || apt_install ./bundle/packages/*.deb
python3 -m venv venv
venv/bin/pip install --quiet --no-index --find-links bundle/wheels 'efs-backup[aws]'
install -m 0644 bundle/efs-backup-agent.service /etc/systemd/system/
systemctl start efs-backup-agent.service
