"""How messages come in and go out: one folder a channel, the same file names in each."""
