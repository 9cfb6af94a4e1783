"""What does a system do with a collection? Its rankings, time and memory, and a record of it."""
