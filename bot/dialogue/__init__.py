"""The only door to Rasa: what goes in, what comes out, and the turn that actions work on."""
