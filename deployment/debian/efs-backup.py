#!/usr/bin/python3
"""The command, with the packages that lie beside it before all others of this machine."""

import sys

sys.path.insert(0, "/usr/share/efs-backup")

from efs_backup.cli.app import main

main()
