"""Pages: files of HTML that are whole by themselves, without a script."""
