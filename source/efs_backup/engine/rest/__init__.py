"""The rest of a copy: what fpsync and rsync bring, and a look at it."""
