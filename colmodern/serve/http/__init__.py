"""How does the server speak HTTP?"""
