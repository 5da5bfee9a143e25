"""Disputes, hardship, rights and requests: what somebody must look into, and by when."""
