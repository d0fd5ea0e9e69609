"""What happens to services, as facts, and what is to be said of it: whose doing it is, and how sure that is."""

from .application import IN_THE_APPLICATION
from .healthy import HEALTHY, NOT_TO_TELL
from .kernel import AT_ITS_KERNEL
from .ours import OURS
from .path import ON_THE_PATH, RATES
from .situation import Situation

SITUATIONS = (*HEALTHY, *NOT_TO_TELL, *OURS, *ON_THE_PATH, *RATES, *AT_ITS_KERNEL, *IN_THE_APPLICATION)

__all__ = ["SITUATIONS", "Situation"]
