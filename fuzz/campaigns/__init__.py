"""Many small runs of whole commands on harmed indexes; see SECURITY.md.

``python -m fuzz.campaigns bombs|kills|flips|crafted --runs N --seed S`` does ``N`` runs and prints
what each came to. Run ``i`` of a seed is always the same one: ``--only i`` does it alone.
"""
