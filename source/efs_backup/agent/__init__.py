"""Door 2: the program on the EC2 instance, `efs-backup-agent`."""
