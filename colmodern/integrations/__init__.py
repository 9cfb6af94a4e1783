"""How do other frameworks ask an index? One module a framework, imported by whoever uses it.

No extra of colmodern installs a framework: a module that lacks its own says what to install.
"""
