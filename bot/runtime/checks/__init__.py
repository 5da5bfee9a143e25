"""What `acuerdo doctor` looks at, one module a group."""
