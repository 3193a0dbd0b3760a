import os
from pathlib import Path

import pytest
import torch

from brushprint import architectures, networks
from brushprint.errors import UserError
from brushprint.inference import recorded

torch.set_num_threads(1)

TAPERING_CONVOLUTIONS = (
    *((3, 128), (128, 128)),
    *((128, 64), (64, 64)),
    *((64, 32), (32, 32)),
    *((32, 16), (16, 16)),
    *((16, 8),),
)


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def pictures(count: int, side: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def about(name: str, side: int) -> dict:
    return {"architecture": name, "classes": ["ai", "human"], "image_size": side}


@pytest.mark.parametrize(("side", "published"), [(32, 186_370), (128, 3_725_314)])
def test_cifake_has_the_published_number_of_parameters(side: int, published: int):
    assert parameters(networks.build("cifake", 2, side)) == published


def test_tapering_cnn_has_the_parameters_that_its_layers_add_up_to():
    convolutions = sum(9 * into * out + out for into, out in TAPERING_CONVOLUTIONS)
    norms = sum(2 * out for _, out in TAPERING_CONVOLUTIONS)
    last_pool = 8 * (256 // 2**5) ** 2
    dense = last_pool * 512 + 512
    logits = 512 * 2 + 2
    assert last_pool == 512
    assert parameters(networks.build("tapering-cnn", 2, 256)) == convolutions + norms + dense + logits == 562_362


def test_the_names_of_the_architectures_are_those_of_the_recipes():
    assert architectures.names() == ["cifake", "tapering-cnn"]


@pytest.mark.parametrize("name", architectures.names())
@pytest.mark.parametrize("spare", [0, 1, 9])
def test_every_architecture_keeps_the_contract_from_its_smallest_size_on(name: str, spare: int):
    module = networks.architecture(name)
    side = module.MINIMUM_SIZE + spare
    network = networks.build(name, 5, side).eval()
    with torch.no_grad(), recorded(network, module.GRADCAM, module.POOL, module.PENULTIMATE) as outputs:
        logits = network(networks.as_input(pictures(3, side)))
    assert logits.shape == (3, 5)
    assert logits.dtype == torch.float32
    assert outputs[module.GRADCAM].dim() == outputs[module.POOL].dim() == 4
    assert len(outputs[module.PENULTIMATE]) == 3


@pytest.mark.parametrize("name", architectures.names())
def test_too_small_a_picture_is_told_in_one_line_with_the_smallest_size(name: str):
    smallest = networks.architecture(name).MINIMUM_SIZE
    with pytest.raises(UserError, match=rf"image_size .* at least {smallest}$") as caught:
        networks.build(name, 2, smallest - 1)
    assert "\n" not in str(caught.value)


def test_a_device_that_this_machine_lacks_is_told_in_one_line():
    missing = "cuda" if not torch.cuda.is_available() else "mps"
    with pytest.raises(UserError, match=f"device: {missing}") as caught:
        networks.fabric(missing)
    assert "\n" not in str(caught.value)


def test_the_device_is_chosen_by_itself_when_the_settings_say_auto():
    assert isinstance(networks.fabric("auto").device, torch.device)


def test_inputs_are_the_pictures_between_zero_and_one_with_channels_first():
    taken = pictures(2, 8)
    inputs = networks.as_input(taken)
    assert inputs.shape == (2, 3, 8, 8)
    torch.testing.assert_close(inputs[1, 2, 3, 4], taken[1, 3, 4, 2] / 255)
    assert inputs.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", architectures.names())
def test_a_network_read_from_its_file_gives_the_same_logits(name: str, tmp_path: Path):
    network = networks.build(name, 2, 32)
    network(networks.as_input(pictures(4, 32)))
    network.eval()
    networks.save(tmp_path / "model.safetensors", network.state_dict(), about(name, 32) | {"task": "origin"})
    loaded, said = networks.load(tmp_path / "model.safetensors")
    assert said == about(name, 32) | {"task": "origin"}
    assert not loaded.training
    inputs = networks.as_input(pictures(4, 32))
    with torch.no_grad():
        assert torch.equal(loaded(inputs), network(inputs))


def test_saving_twice_gives_the_same_bytes(tmp_path: Path):
    state = networks.build("cifake", 2, 12).state_dict()
    said = about("cifake", 12) | {f"key {number}": number for number in range(20)}
    networks.save(tmp_path / "one", state, said)
    networks.save(tmp_path / "two", dict(reversed(state.items())), dict(reversed(said.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_others_may_read_a_saved_network_as_the_umask_says(tmp_path: Path):
    before = os.umask(0o027)
    try:
        networks.save(tmp_path / "model", networks.build("cifake", 2, 12).state_dict(), about("cifake", 12))
    finally:
        os.umask(before)
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o640
