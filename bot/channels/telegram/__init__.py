"""Telegram, with one bot for each creditor."""

import os

# python-telegram-bot's way to have lengths of time as such, as its next version will; without it
# some updates warn while they are read.
os.environ.setdefault("PTB_TIMEDELTA", "true")
