"""Offers, instalment plans and promises: how a balance gets settled."""
