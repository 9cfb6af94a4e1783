"""What do teachers say: how good is a document for a query, and what are a text's token vectors?"""
