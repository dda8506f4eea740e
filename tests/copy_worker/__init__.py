"""Tests of the copy worker."""
