"""The web chat: a widget for any site, a socket with a long-poll fall-back."""
