"""How good is a document for a query, according to teachers or to lists made elsewhere?"""
