"""The distributable build."""
