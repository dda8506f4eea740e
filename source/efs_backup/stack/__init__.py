"""The commands of an operator about a deployed stack: a door beside the command's others, which needs AWS."""
