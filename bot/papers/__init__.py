"""Papers a debtor can show: receipt, agreement, statement, settlement letter."""
