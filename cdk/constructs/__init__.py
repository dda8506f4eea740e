"""The parts of the stacks, one file for each; each takes the sections of the form that it reads."""
