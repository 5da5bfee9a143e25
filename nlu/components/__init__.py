"""Rasa components of ours. They run in the Rasa environment (Python 3.10), never in the app."""
