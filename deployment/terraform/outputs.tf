# What the stack tells; null where it does not exist, such as the address of a page that is not wanted.

output "uuid" {
  description = "The id of this deployment"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "UUID", null)
}

output "sns_topic" {
  description = "The topic of the reports"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "SNSTopic", null)
}

output "source_efs" {
  description = "The file system that is backed up"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "SourceEFS", null)
}

output "backup_efs" {
  description = "The file system that holds the snapshots"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "BackupEFS", null)
}

output "replica_region" {
  description = "The region of the replica of BackupEFS"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "ReplicaRegion", null)
}

output "dashboard_view" {
  description = "The CloudWatch dashboard"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "DashboardView", null)
}

output "dashboard_url" {
  description = "The dashboard in the console"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "DashboardUrl", null)
}

output "topic_arn" {
  description = "The topic of the reports, for further subscriptions"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "TopicArn", null)
}

output "log_bucket" {
  description = "The bucket of the logs"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "LogBucket", null)
}

output "seal_bucket" {
  description = "The bucket of the seals"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "SealBucket", null)
}

output "share_queue" {
  description = "The queue of the shares of a backup that several instances make"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "ShareQueue", null)
}

output "ami_id" {
  description = "The SSM parameter with the AMI of the backup instance; records say which it was"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "AmiId", null)
}

output "security_group" {
  description = "Let the mount targets of the source accept NFS from this group"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "SecurityGroup", null)
}

output "orchestrator" {
  description = "The Lambda function, to start a backup by hand"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "Orchestrator", null)
}

output "browse_url" {
  description = "The page, for efs-backup browse --stack"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "BrowseUrl", null)
}

output "browse_security_group" {
  description = "Let the mount targets of a backup file system of your own accept NFS from this group, for the page"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "BrowseSecurityGroup", null)
}

output "start_document" {
  description = "One of the Automation documents to operate the backups"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "StartDocument", null)
}

output "automation_role" {
  description = "The role of these documents, for iam:PassRole"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "AutomationRole", null)
}

output "log_group" {
  description = "The log of the orchestrator"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "LogGroup", null)
}

output "log_group_url" {
  description = "The log of the orchestrator in the console"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "LogGroupUrl", null)
}

output "start_command" {
  description = "Starts a backup by hand"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "StartCommand", null)
}

output "restore_command" {
  description = "Shows what a restore would do"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "RestoreCommand", null)
}

output "mounts_encrypted" {
  description = "Whether the bundle mounts with TLS"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "MountsEncrypted", null)
}

output "record_table" {
  description = "The table with a record of each backup"
  value       = lookup(aws_cloudformation_stack.backup.outputs, "RecordTable", null)
}

output "id" {
  description = "The id of the stack"
  value       = aws_cloudformation_stack.backup.id
}
