import gzip
import json

import pytest

from colmodern.distill.pieces import load_pieces, prepare, read_texts
from colmodern.distill.recipe import PrepareRecipe, Recipe, TextSource
from colmodern.errors import ConfigError, InputError

MINIMAL = """
name = "tiny"
[prepare]
lengths = [4]
length-weights = [1.0]
[[prepare.source]]
files = "*.jsonl.gz"
fields = ["title+text", "query"]
[student]
n-layers = 2
[warm-start]
teacher = "some/folder"
tokens = 1000
"""


def write_rows(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[UNK]", *"abcdefghij"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def test_a_recipe_reads_dashes_and_underscores_alike(tmp_path):
    file = tmp_path / "r.toml"
    file.write_text(MINIMAL)
    recipe = Recipe.load(file)
    assert recipe.student.n_layers == 2
    assert recipe.prepare.sources[0].fields == ("title+text", "query")
    assert recipe.warm_start.tokens == 1000


def test_the_shipped_recipe_loads_by_name():
    assert Recipe.load("default-student").student.dim == 128


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("n-layers", "layers", "layers"),
        ("tokens = 1000", "", "tokens"),
        ("[student]", "[student", "TOML"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named(tmp_path, old, new, word):
    file = tmp_path / "r.toml"
    file.write_text(MINIMAL.replace(old, new))
    with pytest.raises(ConfigError, match=word):
        Recipe.load(file)


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="nothing"):
        Recipe.load(tmp_path / "nothing.toml")


def test_texts_join_fields_and_keep_to_the_ids(tmp_path):
    rows = [{"_id": f"d{i}", "title": f"t{i}", "text": f"x{i}", "query": ""} for i in range(4)]
    write_rows(tmp_path / "c.jsonl.gz", rows)
    (tmp_path / "train.tsv").write_text("q\tdoc\ts\n1\td1\t1\n2\td2\t1\n2\td3\t1\n")
    (tmp_path / "dev.tsv").write_text("q\tdoc\ts\n9\td3\t1\n")
    source = TextSource(
        files="c.jsonl.gz",
        fields=("title+text",),
        only_ids_in="train.tsv",
        except_ids_in="dev.tsv",
    )
    texts = list(read_texts(PrepareRecipe(sources=(source,)), tmp_path))
    assert texts == ["t1 x1", "t2 x2"]


def test_a_source_that_matches_nothing_or_lacks_a_field_is_an_error(tmp_path):
    source = TextSource(files="c.jsonl.gz", fields=("body",))
    with pytest.raises(InputError, match=r"c\.jsonl\.gz"):
        list(read_texts(PrepareRecipe(sources=(source,)), tmp_path))
    write_rows(tmp_path / "c.jsonl.gz", [{"text": "x"}])
    with pytest.raises(InputError, match="body"):
        list(read_texts(PrepareRecipe(sources=(source,)), tmp_path))


def test_pieces_hold_every_token_once_and_depend_only_on_the_seed(tmp_path, tokenizer):
    write_rows(
        tmp_path / "c.jsonl.gz", [{"text": "a b c d e f g"}, {"text": "h i"}, {"text": "h i"}]
    )
    recipe = PrepareRecipe(
        sources=(TextSource(files="c.jsonl.gz", fields=("text",)),),
        lengths=(3,),
        length_weights=(1.0,),
    )
    files = [
        prepare(recipe, data=tmp_path, tokenizer=tokenizer, seed=1, target=tmp_path / f"{n}.arrow")
        for n in range(2)
    ]
    ids, offsets = load_pieces(files[0])
    assert ids.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert offsets.tolist() == [0, 3, 6, 7, 9]
    assert files[0].read_bytes() == files[1].read_bytes()
