"""What is owed and why: accounts, immutable ledger entries, statements."""
