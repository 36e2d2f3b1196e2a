"""What learning a table will cost with each engine and how good the result will be, before anything is started."""

from inferloop_synthetic.advisor.costs import CostLimits, WillNotFit, check_fits

__all__ = ["CostLimits", "WillNotFit", "check_fits"]
