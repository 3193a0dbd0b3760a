"""A recipe: how a network is trained."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

# The loss of a network whose head has one logit.
ONE_LOGIT: Final = "binary-cross-entropy"

Filter = Literal["nearest", "bilinear", "bicubic", "lanczos"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
Epochs = Annotated[int, Field(ge=1, description="passes over the training pictures, at most")]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False, description="step size of the optimiser")]
TrainableLayers = Annotated[
    list[str] | None,
    Field(min_length=1, description="modules of the network that learn, the rest is frozen; null: all learn"),
]
Probability = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=1)]


class Augmentation(BaseModel):
    """Random changes of training pictures, drawn anew for each picture and epoch, in the order of the keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizontal_flip: Annotated[Probability, Field(description="probability")] = 0.0
    vertical_flip: Annotated[Probability, Field(description="probability")] = 0.0
    rotation: Annotated[float, Field(ge=0, le=180, description="at most so many degrees either way")] = 0.0
    resized_crop: Annotated[
        float | None, Field(gt=0, le=1, description="crop at least this share of the area, back to full size")
    ] = None
    brightness: Annotated[Strength, Field(description="factor between 1 - value and 1 + value")] = 0.0
    contrast: Annotated[Strength, Field(description="factor between 1 - value and 1 + value")] = 0.0
    saturation: Annotated[Strength, Field(description="factor between 1 - value and 1 + value")] = 0.0
    hue: Annotated[float, Field(ge=0, le=0.5, description="shift by at most this share of the colour circle")] = 0.0


class Phase(BaseModel):
    """One phase of training; a later phase begins from the best weights of the earlier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Epochs
    learning_rate: Rate
    trainable_layers: TrainableLayers


class Recipe(BaseModel):
    """How a network is trained: everything that decides the result except the pictures, the seed and the device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: Annotated[
        str,
        Field(
            description="a module of brushprint.models.architectures, `-` for `_`; `torchvision/MODEL`; `timm/MODEL`"
        ),
    ]
    image_size: Annotated[int, Field(ge=8, le=2048, description="side of the square input in pixels")]
    resize: Annotated[Filter, Field(description="filter that brings a picture to that size")]
    scaling: Annotated[
        Literal["unit", "imagenet"],
        Field(description="inputs in [0, 1], or standardised by ImageNet's mean and standard deviation"),
    ] = "unit"
    pretrained: Annotated[bool, Field(description="begin from ImageNet weights; see `pretrained`")] = False
    dropout: Annotated[float, Field(ge=0, lt=1, description="share of the head's inputs dropped in training")] = 0.0
    augmentation: Annotated[Augmentation, Field(description="random changes of training pictures")] = Augmentation()
    loss: Annotated[
        Literal["cross-entropy", "binary-cross-entropy"],
        Field(description="a logit a class, or one logit for the second of two classes"),
    ] = "cross-entropy"
    class_weights: Annotated[
        Literal["balanced"] | None, Field(description="weigh each class in the loss by its rarity; null: all alike")
    ] = None
    epochs: Epochs
    batch_size: Annotated[int, Field(ge=1, description="pictures a step")]
    optimizer: Annotated[Literal["adam", "sgd"], Field(description="Adam (Kingma and Ba, 2015), or gradient descent")]
    momentum: Annotated[float, Field(ge=0, lt=1, description="of sgd, Nesterov's")] = 0.0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False, description="L2 penalty")] = 0.0
    learning_rate: Rate
    lr_decay: Annotated[float, Field(gt=0, le=1, description="factor of the learning rate after each epoch")] = 1.0
    patience: Annotated[
        int | None, Field(ge=1, description="end a phase after so many epochs without a lower validation loss")
    ]
    trainable_layers: TrainableLayers = None
    fine_tuning: Annotated[Phase | None, Field(description="a second phase; null: none")] = None
    precision: Annotated[Precision, Field(description="number format of the arithmetic (Fabric)")]
    memory_format: Annotated[
        Literal["channels_last", "contiguous"], Field(description="order of the values of maps in memory, in training")
    ] = "channels_last"
    compile: Annotated[bool, Field(description="train what torch.compile makes of the network")] = False

    def phases(self) -> list[Phase]:
        """The phases of training, one after the other."""
        first = Phase(epochs=self.epochs, learning_rate=self.learning_rate, trainable_layers=self.trainable_layers)
        return [first, self.fine_tuning] if self.fine_tuning else [first]
