"""What the bot does when Rasa says so: one module a topic, and no decision in any of them."""
