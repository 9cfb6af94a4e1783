"""What is judged? Documents, queries and judgments, checked; and how large they are."""
