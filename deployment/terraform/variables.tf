# Generated from cdk/parameters/ by: python deployment/terraform_variables.py

# What is backed up

variable "src_efs" {
  description = "The id of the Amazon EFS file system to back up."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(?:fs-[0-9a-f]{8,40})$", var.src_efs))
    error_message = "SrcEFS must be the id of a file system, fs-..."
  }
}

variable "backup_prefix" {
  description = "The directory of the source to back up."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^(?:(/(\\.?[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]*|\\.\\.[A-Za-z0-9._@+=-]+)?)+)$", var.backup_prefix))
    error_message = "BackupPrefix must begin with / and hold letters, digits and . _ @ + = - / only, and no .. between slashes."
  }
}

variable "folder_label" {
  description = "The folder on the backup file system that holds the snapshots; one for each source."
  type        = string
  default     = "efs-backup"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]{0,254})$", var.folder_label))
    error_message = "FolderLabel must be one folder name of letters, digits and . _ @ + = - that does not begin with a dot."
  }
}

variable "interval_tag" {
  description = "The series: its name is part of each snapshot's path."
  type        = string
  default     = "daily"
  nullable    = false

  validation {
    condition     = contains(["hourly", "daily", "weekly", "monthly"], var.interval_tag)
    error_message = "IntervalTag must be one of hourly, daily, weekly, monthly."
  }
}

variable "retain" {
  description = "How many snapshots are kept: 1 to 170, for Amazon EFS limits the hard links of a file."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.retain >= 1 && var.retain <= 170 && floor(var.retain) == var.retain
    error_message = "Retain must be 1 to 170."
  }
}

variable "retention_rules" {
  description = "Which snapshots are kept by the calendar, instead of the newest ones: such as daily=30,weekly=12,monthly=24. Rules are last, hourly, daily, weekly, monthly and yearly with a number, and within with a duration (14d). Empty: Retention holds."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:((((last|hourly|daily|weekly|monthly|yearly)=[1-9][0-9]{0,2})|(within=([0-9]{1,4}[ymdh]){1,4}))(,(((last|hourly|daily|weekly|monthly|yearly)=[1-9][0-9]{0,2})|(within=([0-9]{1,4}[ymdh]){1,4}))){0,6})?)$", var.retention_rules))
    error_message = "RetentionRules must be empty, or rules such as daily=30,weekly=12,within=14d without spaces."
  }
}

variable "keep_spare" {
  description = "The newest snapshot that is dropped stays as the next partial, which spares most of a night's writes. No: it is deleted at once."
  type        = bool
  default     = true
  nullable    = false
}

# When

variable "backup_schedule" {
  description = "When backups start, as an EventBridge expression, in UTC unless a time zone is given."
  type        = string
  default     = "cron(0 2 * * ? *)"
  nullable    = false

  validation {
    condition     = can(regex("^(?:(cron\\(\\S+ \\S+ (\\? \\S+ [^\\s?]+|[^\\s?]+ \\S+ \\?) \\S+\\)|rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)))$", var.backup_schedule))
    error_message = "BackupSchedule must be rate(12 hours), or cron(...) with six fields such as cron(0 2 * * ? *)."
  }
}

variable "schedule_time_zone" {
  description = "Such as Europe/Berlin: the schedule is a cron(...) by its clock, with summer time. What falls into the hour that a day in spring lacks is left out that day. Empty: UTC."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([A-Za-z]+(/[A-Za-z0-9_+-]+){0,2})?)$", var.schedule_time_zone))
    error_message = "ScheduleTimeZone must be empty, or the name of a time zone such as Europe/Berlin."
  }
}

variable "backup_window" {
  description = "How long a backup may take; it is stopped 15 minutes before the end, and the next one continues."
  type        = number
  default     = 180
  nullable    = false

  validation {
    condition     = contains([60, 90, 120, 150, 180, 240, 300, 360, 480, 600, 720, 840, 960, 1080, 1200, 1320], var.backup_window)
    error_message = "BackupWindow must be one of 60, 90, 120, 150, 180, 240, 300, 360, 480, 600, 720, 840, 960, 1080, 1200, 1320."
  }
}

variable "maximum_backup_age" {
  description = "Without a successful backup for so long there is an alarm. 0 means 4 for hourly, 36 for daily, 180 for weekly, 756 for monthly."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.maximum_backup_age >= 0 && var.maximum_backup_age <= 8760 && floor(var.maximum_backup_age) == var.maximum_backup_age
    error_message = "MaximumBackupAge must be 0 to 8760."
  }
}

# Where the snapshots live

variable "existing_backup_efs" {
  description = "The id of a file system that takes the snapshots. Empty: a new one is made, and stays when the stack goes."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(fs-[0-9a-f]{8,40})?)$", var.existing_backup_efs))
    error_message = "ExistingBackupEFS must be empty, or the id of a file system, fs-..."
  }
}

variable "efs_mode" {
  description = "Of a new backup file system. maxIO has a longer latency for each file, and neither elastic throughput nor an archive. To change it later REPLACES the file system by a new, empty one: the old one stays, and is paid, but the next backup is a first one."
  type        = string
  default     = "generalPurpose"
  nullable    = false

  validation {
    condition     = contains(["generalPurpose", "maxIO"], var.efs_mode)
    error_message = "EFSMode must be one of generalPurpose, maxIO."
  }
}

variable "throughput_mode" {
  description = "Of a new backup file system. elastic is paid by the gigabyte, and each operation counts as 4 KiB at least; bursting costs nothing, and is slow while little is stored. maxIO always takes bursting."
  type        = string
  default     = "elastic"
  nullable    = false

  validation {
    condition     = contains(["elastic", "bursting"], var.throughput_mode)
    error_message = "ThroughputMode must be one of elastic, bursting."
  }
}

variable "transition_to_ia" {
  description = "When a file of a new backup file system that nobody has read moves to cheaper storage. It is billed as 128 KiB at least: for trees whose files have less than 7 KiB on average, None costs less."
  type        = string
  default     = "AFTER_7_DAYS"
  nullable    = false

  validation {
    condition     = contains(["None", "AFTER_1_DAY", "AFTER_7_DAYS", "AFTER_14_DAYS", "AFTER_30_DAYS", "AFTER_60_DAYS"], var.transition_to_ia)
    error_message = "TransitionToIA must be one of None, AFTER_1_DAY, AFTER_7_DAYS, AFTER_14_DAYS, AFTER_30_DAYS, AFTER_60_DAYS."
  }
}

variable "transition_to_archive" {
  description = "The same for still cheaper storage, where each gigabyte read costs more. Only with elastic throughput in more than one zone, and with a move to Infrequent Access before."
  type        = string
  default     = "AFTER_90_DAYS"
  nullable    = false

  validation {
    condition     = contains(["None", "AFTER_90_DAYS", "AFTER_180_DAYS", "AFTER_270_DAYS", "AFTER_365_DAYS"], var.transition_to_archive)
    error_message = "TransitionToArchive must be one of None, AFTER_90_DAYS, AFTER_180_DAYS, AFTER_270_DAYS, AFTER_365_DAYS."
  }
}

variable "availability_zone" {
  description = "Such as us-east-1a, for a new backup file system in that zone alone: cheaper, and lost with the zone. Give one subnet, in that zone, and generalPurpose. Empty: all zones. To change it later REPLACES the file system by a new, empty one: the old one stays, and is paid, but the next backup is a first one."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([a-z]{2,8}(-[a-z]+)+-\\d+[a-z])?)$", var.availability_zone))
    error_message = "AvailabilityZone must be empty, or the name of a zone such as us-east-1a."
  }
}

variable "efs_encryption" {
  description = "Encrypt a new backup file system? To change it later REPLACES the file system by a new, empty one: the old one stays, and is paid, but the next backup is a first one."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key" {
  description = "The ARN of the key that encrypts a new backup file system. Empty: the key of Amazon EFS in this account. To change it later REPLACES the file system by a new, empty one: the old one stays, and is paid, but the next backup is a first one."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z0-9-]+:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+)?)$", var.kms_key))
    error_message = "KmsKey must be empty, or the ARN of a key."
  }
}

variable "backup_security" {
  description = "Let who mounts a new backup file system only read it, encrypted and as who they are, unless through the agent's access point. Keeps out roles that may write to all file systems; not who looks that access point up. The AMI or the bundle must have amazon-efs-utils."
  type        = bool
  default     = null
}

variable "replication_region" {
  description = "A region, such as eu-west-1, in which Amazon EFS keeps a replica of a new backup file system: read-only, of all zones, encrypted. It stays when the stack goes. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([a-z]{2,8}(-[a-z]+)+-\\d+)?)$", var.replication_region))
    error_message = "ReplicationRegion must be empty, or the name of a region such as eu-west-1."
  }
}

variable "replication_kms_key" {
  description = "The ARN of the key in that region that encrypts the replica. Empty: the key of Amazon EFS there. It cannot be changed later."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z0-9-]+:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+)?)$", var.replication_kms_key))
    error_message = "ReplicationKmsKey must be empty, or the ARN of a key."
  }
}

# Further file systems

variable "further_sources" {
  description = "Back up other file systems too, which `efs-backup stack add` or their tag efs-backup:policy names. The instance may mount, for reading, each file system of the account and region that has this tag."
  type        = bool
  default     = false
  nullable    = false
}

variable "concurrent_backups" {
  description = "How many file systems are backed up at a time, each by an instance of its own; the others wait."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4], var.concurrent_backups)
    error_message = "ConcurrentBackups must be one of 1, 2, 3, 4."
  }
}

# Proof

variable "seal_bucket_lock_days" {
  description = "Keep the seals of all snapshots in a bucket of their own too, which the instance writes to and cannot overwrite, each locked for so many days: up to 3650. Empty or 0: no bucket."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(0|[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)?)$", var.seal_bucket_lock_days))
    error_message = "SealBucketLockDays must be empty, or 0 to 3650."
  }
}

variable "seal_bucket_lock_mode" {
  description = "GOVERNANCE: who holds s3:BypassGovernanceRetention can delete a seal. COMPLIANCE: nobody can before its days are over, not AWS either, and the bucket is paid for so long."
  type        = string
  default     = "GOVERNANCE"
  nullable    = false

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.seal_bucket_lock_mode)
    error_message = "SealBucketLockMode must be one of GOVERNANCE, COMPLIANCE."
  }
}

variable "scrub_days" {
  description = "After each backup a part of all stored files is read and compared with what was stored, so that each is read once in so many days. 0: nothing is read."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.scrub_days >= 0 && var.scrub_days <= 3650 && floor(var.scrub_days) == var.scrub_days
    error_message = "ScrubDays must be 0 to 3650."
  }
}

variable "scrub_gigabytes" {
  description = "No more than so much is read after one backup; the rest is read the next time. 0: no limit."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.scrub_gigabytes >= 0 && var.scrub_gigabytes <= 1000000 && floor(var.scrub_gigabytes) == var.scrub_gigabytes
    error_message = "ScrubGigabytes must be 0 to 1000000."
  }
}

variable "drill_schedule" {
  description = "When a restore is rehearsed, as cron(...) or rate(...), at a time when no backup runs: files drawn at random come back to the instance's disk, are compared with what was sealed, and removed. Empty: never."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:((cron\\(\\S+ \\S+ (\\? \\S+ [^\\s?]+|[^\\s?]+ \\S+ \\?) \\S+\\)|rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)))?)$", var.drill_schedule))
    error_message = "DrillSchedule must be empty, rate(12 hours), or cron(...) with six fields such as cron(0 2 * * ? *)."
  }
}

variable "maximum_drill_age" {
  description = "With a schedule there is an alarm when no drill has said anything for so long."
  type        = number
  default     = 360
  nullable    = false

  validation {
    condition     = var.maximum_drill_age >= 1 && var.maximum_drill_age <= 2000 && floor(var.maximum_drill_age) == var.maximum_drill_age
    error_message = "MaximumDrillAge must be 1 to 2000."
  }
}

# Looking at the snapshots

variable "browse" {
  description = "Make a function that shows the snapshots to whom IAM lets call it: efs-backup browse --stack NAME. It can only read, and costs nothing while nobody looks. Each of the subnets needs a mount target of the backup file system in its zone."
  type        = bool
  default     = false
  nullable    = false
}

# Around a backup

variable "quiesce_document" {
  description = "The name of an SSM document of this account, which the agent runs on tagged instances before and after the copy, with Phase=before, after or failed. If it fails before, nothing is copied. Empty: none."
  type        = string
  default     = ""
  nullable    = false
}

variable "quiesce_tag" {
  description = "Of the tag efs-backup-quiesce, which the instances have on which it is run. Empty: the name of the stack."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:[A-Za-z0-9_.:/=+@-]{0,256})$", var.quiesce_tag))
    error_message = "QuiesceTag must be empty, or the value of a tag, of letters, digits and _ . : / = + @ - only."
  }
}

variable "ping_url_parameter" {
  description = "The name of a SecureString in Parameter Store with an address as that of a check of healthchecks.io, which is told of start, success and failure. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(/[A-Za-z0-9_.-]+)*)$", var.ping_url_parameter))
    error_message = "PingUrlParameter must be empty, or the name of a parameter that begins with a slash."
  }
}

# Restores

variable "restore_in_place" {
  description = "May the stack restore into the source by its own instance, for who may invoke its function? Yes: the instance's role may write to the source while such a restore runs, and at no other time. No: it never may; the restore stack is there for that."
  type        = bool
  default     = false
  nullable    = false
}

# Network

variable "vpc_id" {
  description = "The VPC in which both file systems can be mounted."
  type        = string
  nullable    = false
}

variable "subnets" {
  description = "One to three subnets in different availability zones, best those of the source's mount targets. They need a way to the AWS services: a NAT gateway, VPC endpoints or a proxy. Later only add at the end, or take from the end: in another order the mount targets of one zone would collide, and the update would roll back."
  type        = list(string)
  nullable    = false
}

variable "source_security_group" {
  description = "The id of the group of the source's mount targets: the stack lets it accept NFS from the instance, and takes the rule with it when it goes. Empty: you do."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(sg-[0-9a-f]+)?)$", var.source_security_group))
    error_message = "SourceSecurityGroup must be empty, or the id of a security group, sg-..."
  }
}

variable "create_endpoints" {
  description = "For a VPC that has none, and no other way to AWS: those of all services that the instance talks to. Some $45 a month for each subnet."
  type        = bool
  default     = false
  nullable    = false
}

variable "route_tables" {
  description = "Ids, separated by commas, of the subnets' route tables: the endpoints of Amazon S3 and DynamoDB need them."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(rtb-[0-9a-f]+(,rtb-[0-9a-f]+){0,9})?)$", var.route_tables))
    error_message = "RouteTables must be up to ten ids of route tables, rtb-..., separated by commas without spaces."
  }
}

# Instance

variable "instance_type" {
  description = "Network and processors set the pace. The types with a g in their first part are Graviton."
  type        = string
  default     = "c6i.xlarge"
  nullable    = false

  validation {
    condition     = contains(["c5.xlarge", "c6i.large", "c6i.xlarge", "c6i.2xlarge", "c6i.4xlarge", "c6in.xlarge", "c6in.2xlarge", "c7i.xlarge", "c7i.2xlarge", "m6i.xlarge", "c6g.large", "c6g.xlarge", "c6g.2xlarge", "c6g.4xlarge", "c6gn.xlarge", "c6gn.2xlarge", "c7g.xlarge", "c7g.2xlarge", "m6g.xlarge"], var.instance_type)
    error_message = "InstanceType must be one of c5.xlarge, c6i.large, c6i.xlarge, c6i.2xlarge, c6i.4xlarge, c6in.xlarge, c6in.2xlarge, c7i.xlarge, c7i.2xlarge, m6i.xlarge, c6g.large, c6g.xlarge, c6g.2xlarge, c6g.4xlarge, c6gn.xlarge, c6gn.2xlarge, c7g.xlarge, c7g.2xlarge, m6g.xlarge."
  }
}

variable "ami_x86" {
  description = "The name of an SSM parameter with the id of an AMI: Ubuntu 24.04, or your own with the tools in it. Each launch looks the id up again."
  type        = string
  default     = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
  nullable    = false
}

variable "ami_graviton" {
  description = "The same for the Graviton types."
  type        = string
  default     = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
  nullable    = false
}

variable "disk_gigabytes" {
  description = "Of the instance: lists of names need some 10 for each 100 million files. 0: as large as the AMI says; less than that is refused by Amazon EC2."
  type        = number
  default     = 16
  nullable    = false

  validation {
    condition     = var.disk_gigabytes >= 0 && var.disk_gigabytes <= 16384 && floor(var.disk_gigabytes) == var.disk_gigabytes
    error_message = "DiskGigabytes must be 0 to 16384."
  }
}

variable "root_device" {
  description = "The name of the AMI's root device; /dev/sda1 is Ubuntu's."
  type        = string
  default     = "/dev/sda1"
  nullable    = false

  validation {
    condition     = can(regex("^(?:/dev/[a-z0-9]{2,12})$", var.root_device))
    error_message = "RootDevice must be the name of a device, /dev/..."
  }
}

variable "max_operations_per_second" {
  description = "Spare who else uses the file systems: source and target together. 0 means as many as come."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.max_operations_per_second >= 0 && var.max_operations_per_second <= 1000000 && floor(var.max_operations_per_second) == var.max_operations_per_second
    error_message = "MaxOperationsPerSecond must be 0 to 1000000."
  }
}

variable "http_proxy" {
  description = "The proxy through which the instance reaches AWS and Ubuntu's archive, such as http://10.0.0.5:3128. It stands in the launch template: a password does not belong into it."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(https?://[A-Za-z0-9._:@%-]+)?)$", var.http_proxy))
    error_message = "HttpProxy must be empty, or begin with http:// or https://."
  }
}

variable "http_proxy_parameter" {
  description = "In its place, the name of a SecureString in Parameter Store with such an address, user and password in it. The instance reads it without the proxy, so the VPC must have an endpoint for ssm."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(/[A-Za-z0-9_.-]+)*)$", var.http_proxy_parameter))
    error_message = "HttpProxyParameter must be empty, or the name of a parameter that begins with a slash."
  }
}

variable "security_groups" {
  description = "Ids, separated by commas, to attach to the instance: one that the source's mount targets accept."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(sg-[0-9a-f]+(,sg-[0-9a-f]+){0,3})?)$", var.security_groups))
    error_message = "SecurityGroups must be up to four ids of security groups, sg-..., separated by commas without spaces."
  }
}

variable "workers" {
  description = "Instances that make one backup together, or one restore into the source, 1 to 16: worth it where a night changes so much, or a first copy is so large, that one instance is too slow. More than one needs ConcurrentBackups = 1."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], var.workers)
    error_message = "Workers must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16."
  }
}

# Reports

variable "email" {
  description = "Where reports go. Amazon SNS asks this address for a confirmation first. Empty: whoever subscribes to the topic."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([^@\\s]+@[^@\\s]+\\.[^@\\s]+)?)$", var.email))
    error_message = "Email must be empty, or an e-mail address."
  }
}

variable "existing_topic_arn" {
  description = "The ARN of an Amazon SNS topic of this region that takes reports and alarms, in place of a new one with a key. Its policy, and that of its key, must let CloudWatch publish."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z0-9-]+:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,256})?)$", var.existing_topic_arn))
    error_message = "ExistingTopicArn must be empty, or the ARN of a standard topic."
  }
}

variable "chat_topic_arn" {
  description = "The ARN of an Amazon SNS topic that Amazon Q Developer in chat applications shows in a channel of Slack or Microsoft Teams: it gets reports in the words of that service. Empty: none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z0-9-]+:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,256})?)$", var.chat_topic_arn))
    error_message = "ChatTopicArn must be empty, or the ARN of a standard topic."
  }
}

variable "dashboard" {
  description = "Make a CloudWatch dashboard?"
  type        = bool
  default     = true
  nullable    = false
}

variable "success_notification" {
  description = "Send a report of successful backups too?"
  type        = bool
  default     = true
  nullable    = false
}

variable "restore_template_url" {
  description = "Where the template of a restore stack lies in Amazon S3 (https://BUCKET.s3.REGION.amazonaws.com/...): reports then have a link to its form with everything filled in. Empty: no link."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(https://[A-Za-z0-9.-]+\\.amazonaws\\.com(\\.cn)?/[A-Za-z0-9._@+=/-]+)?)$", var.restore_template_url))
    error_message = "RestoreTemplateUrl must be empty, or the address of an object in Amazon S3."
  }
}

variable "metrics_endpoint" {
  description = "An address that takes figures of each backup. Empty: nothing is sent."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(https://[^\\s]+)?)$", var.metrics_endpoint))
    error_message = "MetricsEndpoint must be empty, or begin with https://."
  }
}

variable "runbook_address" {
  description = "Below which your copy of the project's docs/runbooks can be read, with a slash at the end, such as https://wiki.example.com/efs-backup/runbooks/: alarms and dashboard lead there. Empty: they name the file."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(https://[^\\s\\\"\\\\]+/)?)$", var.runbook_address))
    error_message = "RunbookAddress must be empty, or begin with https:// and end with a slash."
  }
}
