"""What can be set in a recipe? One frozen class a table of the TOML file, checked when made."""

from colmodern.distill.options.data import (
    Miner,
    MineRecipe,
    PairSource,
    PrepareRecipe,
    ScoredLists,
    TextSource,
)
from colmodern.distill.options.release import EvaluateRecipe, ExportRecipe, JudgedCollection
from colmodern.distill.options.student import StudentRecipe, TokenTeacher, WarmStartRecipe
from colmodern.distill.options.teachers import ListTeacher, ScoreRecipe, TeacherRecipe
from colmodern.distill.options.training import AverageRecipe, Phase, TrainRecipe

__all__ = [
    "AverageRecipe",
    "EvaluateRecipe",
    "ExportRecipe",
    "JudgedCollection",
    "ListTeacher",
    "MineRecipe",
    "Miner",
    "PairSource",
    "Phase",
    "PrepareRecipe",
    "ScoreRecipe",
    "ScoredLists",
    "StudentRecipe",
    "TeacherRecipe",
    "TextSource",
    "TokenTeacher",
    "TrainRecipe",
    "WarmStartRecipe",
]
