"""Disputes, hardship and payments to verify: what somebody must look into, and by when."""
