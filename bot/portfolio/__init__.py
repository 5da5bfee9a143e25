"""Loading what people owe: a creditor's file of accounts, and the sample portfolio of the demo."""
