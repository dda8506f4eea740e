"""What an operator does with a deployed stack from a terminal: a door beside the command's others, which needs AWS."""
