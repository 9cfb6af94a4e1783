"""How do time and recall of a search change as an index grows?"""
