"""Loading portfolios, and the sample."""
