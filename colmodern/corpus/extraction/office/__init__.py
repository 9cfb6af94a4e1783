"""Office files: zip archives of XML, read part by part as a stream of elements.

What is unpacked is counted before and while it is read, and no tree is built, so that a small file
that unpacks to a large one costs no more than reading it. A part that is broken costs itself.
"""
