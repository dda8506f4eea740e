"""Decisions about snapshots and the series that holds them."""
