"""Where debtors pay: the link they open, Stripe's webhooks, the sandbox of the demo."""
