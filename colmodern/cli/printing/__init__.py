"""What does a person, or a script, get to see?"""
