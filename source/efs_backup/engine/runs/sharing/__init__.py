"""One backup by several instances: shares are done, led and helped with."""
