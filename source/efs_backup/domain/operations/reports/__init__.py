"""Reports: what the operator is told, by mail, in a chat and on the event bus."""
