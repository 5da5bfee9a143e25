"""Small parts without business words: money, time, ids, database, logging."""
