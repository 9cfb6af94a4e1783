"""Does each source of pairs have negatives of its own?"""

import pyarrow as pa

from colmodern.distill.data.mine import mine, read_negatives
from colmodern.distill.data.tables import DOCUMENTS, QUERIES, write_table
from colmodern.distill.options.data import Miner, MineRecipe


def test_sources_whose_names_make_one_file_name_are_mined_each(tmp_path):
    queries, documents = [], []
    for number, source in enumerate(("a b", "a_b", "A b")):
        places = [f"d{number}{place}" for place in range(4)]
        rows = [(one, source, "train", f"trains of {one} leave at night") for one in places]
        documents += [dict(zip(DOCUMENTS.names, row, strict=True)) for row in rows]
        row = (f"q{number}", source, "train", "night trains", places[:1])
        queries.append(dict(zip(QUERIES.names, row, strict=True)))
    write_table(pa.Table.from_pylist(queries, QUERIES), tmp_path / "queries.parquet")
    write_table(pa.Table.from_pylist(documents, DOCUMENTS), tmp_path / "documents.parquet")
    recipe = MineRecipe(miners=(Miner(system="bm25", ranks=(1, 3), count=2),))
    mine(recipe, prepared=tmp_path, student=None, seed=0, folder=tmp_path / "out")
    found = read_negatives(tmp_path / "out")
    assert set(found) == {"q0", "q1", "q2"}
    for number in range(3):
        assert all(one.startswith(f"d{number}") for one in found[f"q{number}"])
        assert len(found[f"q{number}"]) == 2
