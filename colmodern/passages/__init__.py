"""Where in a document is the answer, and why did it match?"""
