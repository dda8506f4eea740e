# Generated from cdk/parameters/ by: python deployment/terraform_variables.py

locals {
  given = {
    SrcEFS                 = var.src_efs
    BackupPrefix           = var.backup_prefix
    FolderLabel            = var.folder_label
    IntervalTag            = var.interval_tag
    Retain                 = tostring(var.retain)
    RetentionRules         = var.retention_rules
    KeepSpare              = var.keep_spare ? "Yes" : "No"
    BackupSchedule         = var.backup_schedule
    ScheduleTimeZone       = var.schedule_time_zone
    BackupWindow           = tostring(var.backup_window)
    MaximumBackupAge       = tostring(var.maximum_backup_age)
    ExistingBackupEFS      = var.existing_backup_efs
    EFSMode                = var.efs_mode
    ThroughputMode         = var.throughput_mode
    TransitionToIA         = var.transition_to_ia
    TransitionToArchive    = var.transition_to_archive
    AvailabilityZone       = var.availability_zone
    EFSEncryption          = var.efs_encryption ? "Yes" : "No"
    KmsKey                 = var.kms_key
    BackupSecurity         = var.backup_security == null ? null : var.backup_security ? "Yes" : "No"
    ReplicationRegion      = var.replication_region
    ReplicationKmsKey      = var.replication_kms_key
    FurtherSources         = var.further_sources ? "Yes" : "No"
    ConcurrentBackups      = tostring(var.concurrent_backups)
    SealBucketLockDays     = var.seal_bucket_lock_days
    SealBucketLockMode     = var.seal_bucket_lock_mode
    ScrubDays              = tostring(var.scrub_days)
    ScrubGigabytes         = tostring(var.scrub_gigabytes)
    DrillSchedule          = var.drill_schedule
    MaximumDrillAge        = tostring(var.maximum_drill_age)
    Browse                 = var.browse ? "Yes" : "No"
    QuiesceDocument        = var.quiesce_document
    QuiesceTag             = var.quiesce_tag
    PingUrlParameter       = var.ping_url_parameter
    RestoreInPlace         = var.restore_in_place ? "Yes" : "No"
    VpcId                  = var.vpc_id
    Subnets                = join(",", var.subnets)
    SourceSecurityGroup    = var.source_security_group
    CreateEndpoints        = var.create_endpoints ? "Yes" : "No"
    RouteTables            = var.route_tables
    InstanceType           = var.instance_type
    AmiX86                 = var.ami_x86
    AmiGraviton            = var.ami_graviton
    DiskGigabytes          = tostring(var.disk_gigabytes)
    RootDevice             = var.root_device
    MaxOperationsPerSecond = tostring(var.max_operations_per_second)
    HttpProxy              = var.http_proxy
    HttpProxyParameter     = var.http_proxy_parameter
    SecurityGroups         = var.security_groups
    Workers                = tostring(var.workers)
    Email                  = var.email
    ExistingTopicArn       = var.existing_topic_arn
    ChatTopicArn           = var.chat_topic_arn
    Dashboard              = var.dashboard ? "Yes" : "No"
    SuccessNotification    = var.success_notification ? "Yes" : "No"
    RestoreTemplateUrl     = var.restore_template_url
    MetricsEndpoint        = var.metrics_endpoint
    RunbookAddress         = var.runbook_address
  }

  parameters = { for name, value in local.given : name => value if value != null }
}
