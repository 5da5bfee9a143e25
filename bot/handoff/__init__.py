"""Bot to person and back: the reasons, the summary, the queue, the people who answer."""
