"""One backup on several instances: what they say to each other, and what is decided about it."""
