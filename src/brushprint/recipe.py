"""A recipe: how a network is trained."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Filter = Literal["nearest", "bilinear", "bicubic", "lanczos"]


class Recipe(BaseModel):
    """Everything that decides what comes out of training, but for the pictures, the seed and the device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: Annotated[str, Field(description="a module of brushprint.architectures, `-` for `_`")]
    image_size: Annotated[int, Field(ge=8, le=2048, description="side of the square input in pixels")]
    resize: Annotated[Filter, Field(description="filter that brings a picture to that size")]
    epochs: Annotated[int, Field(ge=1, description="passes over the training pictures, at most")]
    batch_size: Annotated[int, Field(ge=1, description="pictures a step")]
    optimizer: Annotated[Literal["adam"], Field(description="Adam (Kingma and Ba, 2015)")]
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False, description="step size of the optimiser")]
    patience: Annotated[
        int | None, Field(ge=1, description="stop after so many epochs without a lower validation loss; null: never")
    ]
    precision: Annotated[
        Literal["32-true", "bf16-mixed", "16-mixed"], Field(description="number format of the arithmetic (Fabric)")
    ]
