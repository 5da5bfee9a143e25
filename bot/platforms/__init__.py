"""What is known of the platforms themselves: clearance to use them, and what they say of us."""
