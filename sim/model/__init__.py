"""Clinical rules as pure functions of arrays: rates, effects, triggers, consequences, costs. No I/O, no luck."""
