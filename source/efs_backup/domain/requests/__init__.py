"""Requests as the operator makes them."""
