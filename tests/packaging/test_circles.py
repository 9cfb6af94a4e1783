"""Do files of the package import each other in a circle, imports inside functions included?"""

import grimp


def circles():
    """The sets of files that reach each other; the package's own file loads all of them late."""
    graph = grimp.build_graph("colmodern", exclude_type_checking_imports=True, cache_dir=None)
    assert len(graph.modules) > 200
    for module in graph.find_modules_directly_imported_by("colmodern"):
        graph.remove_import(importer="colmodern", imported=module)
    below = {
        module: graph.find_downstream_modules(module) & graph.find_upstream_modules(module)
        for module in graph.modules
    }
    found = {frozenset({module, *others}) for module, others in below.items() if others}
    return sorted(
        ({name.removeprefix("colmodern.") for name in circle} for circle in found), key=min
    )


def test_no_files_import_each_other():
    assert circles() == []
