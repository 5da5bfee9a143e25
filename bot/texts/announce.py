"""Kept for the console's command line."""

from bot.conversations.announce import announce

__all__ = ["announce"]
