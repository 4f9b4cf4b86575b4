"""What a person or a monitor looks at."""
