"""Acuerdo: people who owe money settle it themselves, in a conversation."""
