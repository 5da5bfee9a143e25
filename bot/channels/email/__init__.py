"""E-mail: for nudges, papers and codes; replies are not read."""
