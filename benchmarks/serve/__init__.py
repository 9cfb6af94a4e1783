"""How much does the server answer, how fast, and what when it is too much?"""
