"""What can be read off a text: its words, its headings, its symbols."""
