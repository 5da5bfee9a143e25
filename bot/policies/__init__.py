"""Limits and facts as dated YAML with sources: negotiation, holds, crisis lines."""
