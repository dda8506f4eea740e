"""The sources of a stack: a row for each, when it is due, whose turn it is, and which file systems ask for one."""
