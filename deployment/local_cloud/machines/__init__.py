"""The computers of the local cloud: instances in namespaces of their own, and functions in processes of their own."""
