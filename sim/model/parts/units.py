"""Array types, grades and the calendar, shared by all parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

HOURS_PER_DAY = 24.0
DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_YEAR = 365.25
MONTHS_PER_YEAR = 12.0
GRADES = ("grade_1_2", "grade_3plus")
GRADE_1_2, GRADE_3PLUS = 0, 1
