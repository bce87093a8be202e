"""What the laboratory sees: immunoglobulins and their assay, and the interference of anti-CD38 antibodies."""

from __future__ import annotations

from pydantic import Field

from sim.scenario.fields import (
    Concentration,
    Cost,
    CostPerMonth,
    CostPerTest,
    CostPerTransfusion,
    DaysPerTransfusion,
    PositiveDays,
    RatePerMonth,
    Ratio,
    Table,
)


class Igg(Table):
    """Immunoglobulins over time, and how they are measured."""

    half_life_days: PositiveDays = Field(description="Half-life of IgG.")
    iga_half_life_days: PositiveDays = Field(description="Half-life of IgA.")
    igm_half_life_days: PositiveDays = Field(description="Half-life of IgM.")
    assay_cv: Ratio = Field(description="Coefficient of variation of one measurement.")
    m_protein_half_life_days: PositiveDays = Field(description="Half-life of the M-protein as myeloma responds.")
    low_mg_dl: Concentration = Field(description="True polyclonal IgG under which a patient counts as vulnerable.")
    test_cost: CostPerTest = Field(description="Cost of one test.")


class Laboratory(Table):
    """Work that a prior anti-CD38 antibody makes: it hides in cross-matches and in the search for M-protein."""

    phenotyping_cost: Cost = Field(description="Red-cell antigen phenotyping, once at the first dose.")
    transfusions_per_month: RatePerMonth = Field(description="Red-cell transfusions while on treatment.")
    crossmatch_cost: CostPerTransfusion = Field(description="Extra cost of a cross-match with DTT-treated cells.")
    transfusion_delay_days: DaysPerTransfusion = Field(description="Days by which it delays a transfusion.")
    monitoring_cost_per_month: CostPerMonth = Field(
        description="Repeated electrophoresis and immunofixation, and flow cytometry, while on treatment."
    )
