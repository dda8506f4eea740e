"""The machine's edge: file trees, processes and locks. It knows nothing of AWS and nothing of the terminal."""
