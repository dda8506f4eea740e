"""Trees of files on a file system, reached by descriptors."""
