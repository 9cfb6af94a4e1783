import gzip
import json

import pytest

from colmodern.distill.data.pieces import load_pieces, prepare_pieces, read_texts
from colmodern.distill.options import PrepareRecipe, TextSource
from colmodern.distill.recipe import Recipe
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
def tokenizer(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[UNK]", *"abcdefghij"]
    built = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    built.pre_tokenizer = pre_tokenizers.Whitespace()
    path = tmp_path / "tokenizer.json"
    built.save(str(path))
    return path


def test_a_recipe_reads_dashes_and_underscores_alike(tmp_path):
    file = tmp_path / "r.toml"
    file.write_text(MINIMAL)
    recipe = Recipe.load(file)
    assert recipe.student.n_layers == 2
    assert recipe.prepare.sources[0].fields == ("title+text", "query")
    assert recipe.warm_start.tokens == 1000


@pytest.mark.parametrize(
    "name", ["default-student", "first-leg", "modernbert-base", "three-stages", "tiny"]
)
def test_the_shipped_recipes_load_by_name(name):
    assert Recipe.load(name).name == name
    assert Recipe.from_dict(Recipe.load(name).to_dict()) == Recipe.load(name)


def test_the_teachers_of_a_warm_start_are_one_or_several(tmp_path):
    file = tmp_path / "r.toml"
    file.write_text(MINIMAL)
    one = Recipe.load(file).warm_start
    assert [(t.model, t.weight) for t in one.all_teachers] == [("some/folder", 1.0)]
    tables = """
[[warm-start.teacher]]
model = "a"
[[warm-start.teacher]]
model = "b"
licence = "MIT"
weight = 0.5
"""
    file.write_text(MINIMAL.replace('teacher = "some/folder"', "target-tokens = 5") + tables)
    several = Recipe.load(file)
    assert [(t.model, t.licence, t.weight) for t in several.warm_start.all_teachers] == [
        ("a", "", 1.0),
        ("b", "MIT", 0.5),
    ]
    assert Recipe.from_dict(several.to_dict()) == several


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("n-layers", "layers", "layers"),
        ("tokens = 1000", "", "tokens"),
        ("[student]", "[student", "TOML"),
        ("n-layers", "n-layer", "did you mean 'n_layers'"),
        ("n-layers = 2", "n-layers = 'two'", "must be int, not 'two'"),
        ("n-layers = 2", "n-heads = 5", "no multiple of n_heads"),
        ("lengths = [4]", "lengths = [4, 5]", "a weight for each length"),
        ('teacher = "some/folder"', "", "needs a teacher"),
        ("tokens = 1000", "tokens = 1000\ntarget-tokens = -1", "must not be negative"),
        ("tokens = 1000", "tokens = 1000\nembeddings-from-targets = true", "set target_tokens"),
        ("tokens = 1000", 'tokens = 1\n[[warm-start.teacher]]\nmodel = "b"', "TOML"),
        ("tokens = 1000", 'tokens = 1\nteachers = [{model = "b"}]', "in one way"),
        ("tokens = 1000", 'tokens = 1\nteachers = [{model = "b", weight = 0}]', "above 0"),
        ("[student]", "[train]\nphase = []\n[student]", "needs a phase"),
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
    files = [tmp_path / f"{n}.arrow" for n in range(2)]
    for file in files:
        prepare_pieces(recipe, data=tmp_path, tokenizer=tokenizer, seed=1, target=file)
    ids, offsets = load_pieces(files[0])
    assert ids.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert offsets.tolist() == [0, 3, 6, 7, 9]
    assert files[0].read_bytes() == files[1].read_bytes()


PHASE = {"name": "p", "steps": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_ways": 1}, "a list of one document teaches nothing"),
        ({"kl_weight": 0.0}, "neither a kl_weight nor a contrastive_weight"),
        ({"student_temperature": 0.0}, "temperatures must be above 0"),
        ({"warm_up": 0.8, "decay": 0.4}, "shares of one run"),
        ({"regulariser_weight": 1.0}, r"there is no \[warm-start\]"),
        ({"n_ways": 9}, "wants 9 documents a query, the lists of .score. have 8"),
    ],
)
def test_a_phase_that_cannot_work_is_refused_when_the_recipe_is_read(changes, words):
    values = {
        "name": "r",
        "prepare": {},
        "mine": {"miner": [{"system": "bm25"}]},
        "score": {"teacher": [{"kind": "bm25"}]},
        "train": {"phase": [PHASE | changes]},
    }
    with pytest.raises(ConfigError, match=words):
        Recipe.from_dict(values)


def test_what_one_table_needs_of_another_is_named():
    train = {"phase": [PHASE]}
    with pytest.raises(ConfigError, match=r"\[train\] needs lists"):
        Recipe.from_dict({"name": "r", "prepare": {}, "train": train})
    score = {"teacher": [{"kind": "bm25"}]}
    with pytest.raises(ConfigError, match=r"\[score\] needs negatives"):
        Recipe.from_dict({"name": "r", "prepare": {}, "train": train, "score": score})
    with pytest.raises(ConfigError, match="needs no model"):
        Recipe.from_dict(
            {"name": "r", "prepare": {}, "score": {"teacher": [{"kind": "bm25", "model": "x"}]}}
        )


def test_the_former_name_of_scored_lists_is_taken_with_a_warning():
    values = {"lists": "a.parquet", "queries": "b.parquet", "documents": "c.parquet"}
    recipe = {"name": "r", "prepare": {"given": values}}

    with pytest.warns(DeprecationWarning, match="'given' in \\[prepare\\].*'scored_lists'"):
        found = Recipe.from_dict(recipe)

    assert found == Recipe.from_dict({"name": "r", "prepare": {"scored-lists": values}})
