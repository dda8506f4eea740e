"""Attacks: never run one of them without guard.sh."""
