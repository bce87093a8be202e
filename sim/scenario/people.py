"""Who is treated: how patients differ at the first step-up dose, and which attributes go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Generic, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from sim.scenario.fields import (
    Age,
    Concentration,
    CorrelationCoefficient,
    Kilograms,
    LogScale,
    Name,
    Number,
    Proportion,
    Q,
    Table,
    Variance,
    distinct,
)

# Attributes that a correlation may join. Frailty and sex (a man, or not) are not distributions of their own tables.
CORRELATED: Final = (
    "weight_kg",
    "igg_polyclonal_mg_dl",
    "iga_mg_dl",
    "igm_mg_dl",
    "m_protein_mg_dl",
    "frailty",
    "age_years",
    "male",
)


class Fixed(Table, Generic[Q]):
    """The same value for every patient."""

    distribution: Literal["fixed"] = Field(description="Every patient has the same value.")
    value: Q = Field(description="The value of every patient.")


class Normal(Table, Generic[Q]):
    """Normal between patients, truncated to [min, max]; mean and sd are those before truncation."""

    distribution: Literal["normal"] = Field(description="Normal between patients, truncated to [min, max].")
    mean: Q = Field(description="Mean between patients, before truncation.")
    sd: Q = Field(description="Standard deviation between patients, before truncation.")
    min: Annotated[Number, Field(ge=0)] = Field(description="Smallest value a patient can have.")
    max: Annotated[Number, Field(ge=0)] = Field(description="Largest value a patient can have.")


class Lognormal(Table, Generic[Q]):
    """Lognormal between patients."""

    distribution: Literal["lognormal"] = Field(description="Lognormal between patients.")
    median: Q = Field(description="Median between patients.")
    log_sd: LogScale = Field(description="Standard deviation of the natural logarithm between patients.")


class FixedWeight(Fixed[Kilograms]):
    """The same body weight for every patient."""


class NormalWeight(Normal[Kilograms]):
    """Body weight, normal between patients."""


class LognormalWeight(Lognormal[Kilograms]):
    """Body weight, lognormal between patients."""


class FixedConcentration(Fixed[Concentration]):
    """The same serum concentration for every patient."""


class FixedAge(Fixed[Age]):
    """The same age for every patient."""


class NormalAge(Normal[Age]):
    """Age, normal between patients."""


class NormalConcentration(Normal[Concentration]):
    """Serum concentration, normal between patients."""


class LognormalConcentration(Lognormal[Concentration]):
    """Serum concentration, lognormal between patients."""


PatientAge = Annotated[FixedAge | NormalAge, Field(discriminator="distribution")]
PatientWeight = Annotated[FixedWeight | NormalWeight | LognormalWeight, Field(discriminator="distribution")]
PatientConcentration = Annotated[
    FixedConcentration | NormalConcentration | LognormalConcentration, Field(discriminator="distribution")
]


def _source_into_value(raw: object) -> object:
    """Let a correlation that is a plain number carry its source beside it."""
    if isinstance(raw, Mapping) and "value" in raw and "source" in raw and not isinstance(raw["value"], Mapping):
        rest: dict[str, Any] = {key: raw[key] for key in raw if key != "source"}
        return rest | {"value": {"value": raw["value"], "source": raw["source"]}}
    return raw


class Correlation(Table):
    """How strongly two attributes go together: the correlation of their normal scores (Gaussian copula)."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema["properties"].update(
            source={"type": "string", "description": "Where the value comes from, if value is a plain number."}
        )
    )

    between: Annotated[tuple[str, str], AfterValidator(distinct)] = Field(description="The two attributes.")
    value: CorrelationCoefficient = Field(description="Correlation of the normal scores.")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, raw: object) -> object:
        return _source_into_value(raw)


class Patients(Table):
    """Who starts treatment: how patients differ at the first step-up dose."""

    weight_kg: PatientWeight = Field(description="Body weight.")
    igg_polyclonal_mg_dl: PatientConcentration = Field(description="Polyclonal IgG at the first dose.")
    iga_mg_dl: PatientConcentration | None = Field(
        default=None, description="Polyclonal IgA at the first dose; required by the condition iga_below."
    )
    igm_mg_dl: PatientConcentration | None = Field(
        default=None, description="Polyclonal IgM at the first dose; required by the condition igm_below."
    )
    igg_type_proportion: Proportion = Field(description="Share of patients whose myeloma makes IgG.")
    m_protein_mg_dl: PatientConcentration = Field(
        description="M-protein at the first dose, in patients whose myeloma makes IgG."
    )
    frailty_variance: Variance = Field(
        description="Variance of the gamma frailty (mean 1) that multiplies every infection rate; 0 for none."
    )
    anti_cd38_proportion: Proportion = Field(description="Share of patients who had an anti-CD38 antibody before.")
    responder_proportion: Proportion = Field(
        description="Share of patients who respond, and so may have the bispecific less often."
    )
    age_years: PatientAge | None = Field(
        default=None, description="Age at the first dose; required by treatment.life_table."
    )
    male_proportion: Proportion | None = Field(
        default=None, description="Share of men; required by treatment.life_table."
    )
    serostatus: dict[Name, Proportion] = Field(
        default={}, description="Share of patients exposed to each latent infection (hbv, cmv, herpes, ...)."
    )
    agents: dict[Name, Proportion] = Field(
        min_length=1, description="Share of patients on each bispecific; the shares add up to 1."
    )
    correlations: tuple[Correlation, ...] = Field(
        default=(), description=f"Attributes that go together; of {', '.join(CORRELATED)}. Others are independent."
    )
