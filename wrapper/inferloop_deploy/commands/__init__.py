"""The command line's commands, one file each: it parses, calls one plain function, prints."""
