"""Exceptions of each checker of templates, and why they are right. One that is found no more fails its test."""

CFN_LINT = {
    "W2001": "The VPC of the restore stack is used by a rule of the template alone.",
    "W3005": "The CDK writes a dependency twice.",
}
CHECKOV = {
    "CKV_AWS_111 AWS::IAM::Policy": "Statements with a wildcard say why where they are made; cdk-nag asks the same.",
    "CKV_AWS_115 AWS::Lambda::Function": "A reserve for each stack would take from the account's other functions.",
    "CKV_AWS_116 AWS::Lambda::Function": "What fails goes to a queue by the event invoke config; who asks the page"
    " sees it.",
    "CKV_AWS_117 AWS::Lambda::Function": "The orchestrator calls AWS alone, and in a VPC it would need an endpoint for"
    " each service.",
    "CKV_AWS_119 AWS::DynamoDB::Table": "The records hold no secret; the key of DynamoDB in the account encrypts them.",
    "CKV_AWS_158 AWS::Logs::LogGroup": "The log holds no secret; CloudWatch encrypts it by itself.",
    "CKV_AWS_173 AWS::Lambda::Function": "The variables hold names and no secret; Lambda encrypts them by itself.",
    "CKV_AWS_18 AWS::S3::Bucket": "It holds logs itself; logs of access to logs help nobody here.",
    "CKV_AWS_27 AWS::SQS::Queue": "Amazon SQS encrypts the queue with its own key, which this check does not look for.",
    "CKV_AWS_42 AWS::EFS::FileSystem": "It is encrypted unless the operator says no: a condition, which is not read.",
}
PARLIAMENT = {
    "RESOURCE_MISMATCH ssm:SendCommand": "Document and instances are authorized each by itself, and the condition on"
    " the tag is for instances alone: so they have a statement without the document.",
    "RESOURCE_STAR ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface"
    " ec2:UnassignPrivateIpAddresses": "AWS Lambda connects a function to a VPC only if its role has them so.",
}
