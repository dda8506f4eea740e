"""Decisions about copies: what is compared, in what parts, and what to say of what did not arrive."""
