"""The walk over the source."""
