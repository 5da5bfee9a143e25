"""Running things: where files are, training, Rasa's process, the two processes together."""
