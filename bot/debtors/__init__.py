"""Creditors, the people who owe them, how to reach those people and how to recognise them."""
