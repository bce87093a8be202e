"""The dashboard: `igsim dashboard`, a Dash app on this machine.

    address      the state of a view is its URL
    library      run folders and scenarios, and nothing else on disk
    levers, bench   what a what-if moves, and playing it again at once
    decision     what is said of the decision: pure functions of tables
    parts        figures and tables as Dash components; pages: one function a page
    app          which control redraws what; server: who may ask, and what may be fetched

Nothing of a user is kept between requests. Start with `sim.dashboard.server.create_app`.
"""
