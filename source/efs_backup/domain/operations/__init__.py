"""Decisions about a backup in AWS: its record, its lifecycle, its reports."""
