"""Conversations and messages: who is talking (bot or person), what was said, what was delivered."""
