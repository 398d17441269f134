"""`skelrep.doctor`: a health report of recordings, without labels. (The room's name leaves `doctor` free.)"""

from .report import Finding as Finding
from .report import HealthReport as HealthReport
from .run import doctor as doctor

__all__ = ["Finding", "HealthReport", "doctor"]
