"""What is trained? The student's model and its vocabulary."""
