"""Strict stand-ins for the platforms, over real sockets: for tests, rehearsals and benchmarks."""
