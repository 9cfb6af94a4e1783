"""Is everything here as it has to be: the machine, the model, an index?"""

from colmodern.doctor.examine import examine
from colmodern.doctor.finding import Finding, State

__all__ = ["Finding", "State", "examine"]
