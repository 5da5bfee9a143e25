"""Webhooks by the thousand, as platforms post them, and what must be true afterwards."""
