"""Repeatable comparisons with other backup programs; never installed, and never part of the tests."""
