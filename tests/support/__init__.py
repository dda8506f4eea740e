"""Helpers that tests of several directories share. Those of one directory are beside its tests."""
