"""Payment links, what Stripe tells us about them, and the sandbox that stands in for Stripe."""
