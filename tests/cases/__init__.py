"""Faults that users of backup tools have met, and attacks of an unprivileged user, as scripts."""
