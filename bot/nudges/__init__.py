"""Lawful contact: who may be written to, when, how often and why; and what is sent by itself."""
