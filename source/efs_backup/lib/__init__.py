"""The AWS edge: one module for each service, the only ones that know boto3."""
