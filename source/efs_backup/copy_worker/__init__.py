"""The copy worker: a program of its own that starts in 20 ms, for it imports few modules, and none that is slow."""
