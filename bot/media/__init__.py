"""Files that debtors send: checked, cleaned, kept for as long as a policy says, then deleted."""
