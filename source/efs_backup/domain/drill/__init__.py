"""The decisions of a drill: what is chosen, what it proves, and how it is told."""
