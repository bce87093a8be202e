"""Parameter uncertainty: values of a scenario's quantities, drawn and put in place.

draw_parameters(scenario, n_draws, seed)   every uncertain quantity, draw by draw -> DrawTable
at_draw(scenario, table, i)                the scenario at one draw, ready to compile
quantile(quantity, probability)            inverse distribution function of one quantity
values_at(scenario, path, ...)             quantiles of one that may be drawn from a posterior
unread(scenario)                           uncertain quantities that the compiled model never reads
"""

from sim.parameters.distributions import cut_probability, quantile
from sim.parameters.draws import DrawTable, draw_parameters
from sim.parameters.place import at_draw, with_values
from sim.parameters.unread import unread, values_at

__all__ = [
    "DrawTable",
    "at_draw",
    "cut_probability",
    "draw_parameters",
    "quantile",
    "unread",
    "values_at",
    "with_values",
]
