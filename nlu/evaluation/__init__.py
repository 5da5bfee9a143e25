"""How well messages are understood, and whether the examples are sound. Runs in Rasa's environment."""
