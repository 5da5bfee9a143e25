"""Where anybody checks a paper, or who is writing to them; and where papers are opened."""
