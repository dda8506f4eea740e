"""What roles may do: each permission on named resources, or with the reason why not."""
