"""What does reading a file lose, and what does it take along? Measured on Debian's packages."""
