# A thin module around the published template of the backups: CloudFormation makes everything, Terraform hands over the parameters.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  description = "The name of the stack, by which efs-backup stack finds it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,127}$", var.name))
    error_message = "name must begin with a letter and hold letters, digits and hyphens."
  }
}

variable "template_url" {
  description = "Where efs-backup.template lies in Amazon S3, as build-s3-dist.sh says it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://.+/efs-backup\\.template$", var.template_url))
    error_message = "template_url must be the address of an efs-backup.template in Amazon S3."
  }
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation hands on to what it makes."
  type        = map(string)
  default     = {}
  nullable    = false
}

resource "aws_cloudformation_stack" "backup" {
  name         = var.name
  template_url = var.template_url
  capabilities = ["CAPABILITY_IAM"]
  parameters   = local.parameters
  tags         = var.tags
}
