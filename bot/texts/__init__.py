"""What a debtor reads: one catalogue per language, and the code that fills it in."""
