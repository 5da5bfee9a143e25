"""`/calendar/…`: the dates somebody agreed to, for their own calendar."""
