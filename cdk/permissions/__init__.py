"""The permissions of roles: each on named resources, or with the reason why not."""
