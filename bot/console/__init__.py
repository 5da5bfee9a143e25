"""The agents' console: who needs a person, what was said, the answer, the way back to the bot."""
