"""A recipe: how a network is trained, or how a head is fitted to the features of a frozen encoder."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from brushprint.core.views import Resize, View, crops_across

# The loss of a network whose head has one logit.
ONE_LOGIT: Final = "binary-cross-entropy"

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
ImageSize = Annotated[int, Field(ge=8, le=2048, description="side of the square input in pixels")]
ClassWeights = Annotated[
    Literal["balanced"] | None,
    Field(description="`balanced`: rarer classes weigh more in the loss; null: all pictures weigh the same"),
]
Epochs = Annotated[int, Field(ge=1, description="maximum number of passes over the training pictures")]
Rate = Annotated[
    float,
    Field(
        gt=0,
        allow_inf_nan=False,
        description="step size of the optimiser; YAML reads `1.0e-3` as a number, but not `1e-3`",
    ),
]
TrainableLayers = Annotated[
    list[str] | None,
    Field(
        min_length=1,
        description="modules of the network to train, such as `[layer4, fc]`; the others are frozen, with their "
        "batch statistics; null: all layers are trained",
    ),
]
Probability = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=1)]


class Augmentation(BaseModel):
    """Random changes of training pictures, drawn anew for each picture and epoch, in the order of the keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizontal_flip: Annotated[Probability, Field(description="probability of mirroring")] = 0.0
    vertical_flip: Annotated[Probability, Field(description="probability of mirroring")] = 0.0
    rotation: Annotated[float, Field(ge=0, le=180, description="largest rotation in degrees, in either direction")] = (
        0.0
    )
    resized_crop: Annotated[
        float | None,
        Field(
            gt=0,
            le=1,
            description="smallest share of the area that a crop keeps; the crop is resized to full size; null: no crop",
        ),
    ] = None
    brightness: Annotated[Strength, Field(description="the factor lies between 1 - value and 1 + value")] = 0.0
    contrast: Annotated[Strength, Field(description="the factor lies between 1 - value and 1 + value")] = 0.0
    saturation: Annotated[Strength, Field(description="the factor lies between 1 - value and 1 + value")] = 0.0
    hue: Annotated[float, Field(ge=0, le=0.5, description="largest shift, as a share of the colour circle")] = 0.0


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
            description="a module of `src/brushprint/models/architectures`, with `-` for `_`, or any classifier of a "
            "library: `torchvision/resnet18`, or `timm/convnext_tiny`"
        ),
    ]
    image_size: ImageSize
    resize: Annotated[
        Resize,
        Field(
            description="filter that stretches a picture to that square; or `crop`: the square is cut from the middle "
            "of the picture, whose pixels stay as they are, and a smaller picture is continued by its mirror image"
        ),
    ]
    scaling: Annotated[
        Literal["unit", "symmetric", "imagenet"],
        Field(
            description="`unit`: inputs between 0 and 1; `symmetric`: between -1 and 1; `imagenet`: standardised by "
            "ImageNet's mean and standard deviation"
        ),
    ] = "unit"
    pretrained: Annotated[
        bool, Field(description="start from ImageNet weights, which come from `pretrained.source`")
    ] = False
    dropout: Annotated[
        float, Field(ge=0, lt=1, description="share of the head's inputs that are dropped in training")
    ] = 0.0
    augmentation: Annotated[
        Augmentation,
        Field(
            description="random changes of training pictures, drawn anew for each picture and epoch, in the order of "
            "the keys"
        ),
    ] = Augmentation()
    loss: Annotated[
        Literal["cross-entropy", "binary-cross-entropy"],
        Field(
            description="`cross-entropy`: one logit per class; `binary-cross-entropy`: one logit, for the task `origin`"
        ),
    ] = "cross-entropy"
    class_weights: ClassWeights = None
    epochs: Epochs
    batch_size: Annotated[int, Field(ge=1, description="pictures per training step")]
    optimizer: Annotated[
        Literal["adam", "sgd"], Field(description="`adam` (Kingma and Ba, 2015), or `sgd` for gradient descent")
    ]
    momentum: Annotated[float, Field(ge=0, lt=1, description="Nesterov momentum of `sgd`")] = 0.0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False, description="L2 penalty")] = 0.0
    learning_rate: Rate
    lr_decay: Annotated[float, Field(gt=0, le=1, description="factor of the learning rate after each epoch")] = 1.0
    patience: Annotated[
        int | None,
        Field(
            ge=1, description="a phase ends after this number of epochs without a lower validation loss; null: never"
        ),
    ]
    trainable_layers: TrainableLayers = None
    fine_tuning: Annotated[
        Phase | None, Field(description="a second phase, from the best weights of the first; null: none")
    ] = None
    precision: Annotated[Precision, Field(description="number format of the arithmetic, as in Lightning Fabric")]
    memory_format: Annotated[
        Literal["channels_last", "contiguous"], Field(description="memory layout of feature maps in training")
    ] = "channels_last"
    compile: Annotated[
        bool, Field(description="train with `torch.compile`; names, files and use of the weights stay the same")
    ] = False

    def phases(self) -> list[Phase]:
        """The phases of training, one after the other."""
        first = Phase(epochs=self.epochs, learning_rate=self.learning_rate, trainable_layers=self.trainable_layers)
        return [first, self.fine_tuning] if self.fine_tuning else [first]


class EncoderRecipe(BaseModel):
    """A frozen encoder, which is not trained, and the features that a logistic regression takes from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: Annotated[
        str,
        Field(
            description="a network with pretrained weights, any of timm or torchvision: `timm/tf_efficientnet_lite0`"
        ),
    ]
    blocks: Annotated[
        list[int] | list[str],
        Field(
            min_length=1,
            description="blocks whose outputs are read. For timm, their numbers, as its `forward_intermediates` counts "
            "them (with `extra_blocks`, where a network has it); for torchvision, names of modules, such as "
            "`[features.3, features.6]`",
        ),
    ]
    pooling: Annotated[
        Literal["mean-std", "class-token"],
        Field(
            description="how a block's output becomes features. `mean-std`: mean and standard deviation of each "
            "channel over the positions of its map, or over its patch tokens; `class-token`: the class token of a "
            "transformer"
        ),
    ] = "mean-std"
    image_size: ImageSize
    resize: Annotated[
        View,
        Field(
            description="as for a network; or `crops-2x2` and `crops-3x3`: four or nine crops of a half or a third of "
            "`image_size`, evenly spread over the picture. The encoder sees each by itself, and their features are "
            "averaged"
        ),
    ]
    class_weights: ClassWeights = None

    @model_validator(mode="after")
    def _check_crops(self) -> "EncoderRecipe":
        if self.image_size % (across := crops_across(self.resize)):
            raise ValueError(f"image_size must be a multiple of {across} for {self.resize}")
        return self

    @property
    def architecture(self) -> str:
        """The architecture of the encoder."""
        return self.encoder

    @property
    def pretrained(self) -> bool:
        """True: an encoder always has pretrained weights."""
        return True


def kind_of(recipe: Any) -> str:
    """The name of the model for a recipe: `EncoderRecipe` for one that names an encoder, otherwise `Recipe`."""
    named = "encoder" in recipe if isinstance(recipe, Mapping) else isinstance(recipe, EncoderRecipe)
    return "EncoderRecipe" if named else "Recipe"
