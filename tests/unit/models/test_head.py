"""A head with one logit gives the same probabilities and loss as a head with two logits."""

import pytest
import torch

from brushprint.models.head import Head


def test_one_logit_gives_the_binary_cross_entropy_and_its_probabilities():
    torch.manual_seed(0)
    head = Head(5, classes=2, dropout=0.0, one_logit=True)
    features, targets = torch.randn(9, 5), torch.arange(9) % 2
    logit = head.logits(features)[:, 0]
    both = head(features)
    torch.testing.assert_close(both.softmax(1)[:, 1], logit.sigmoid())
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logit, targets.float())
    torch.testing.assert_close(torch.nn.functional.cross_entropy(both, targets), expected)


def test_one_logit_is_refused_for_more_than_two_classes():
    with pytest.raises(ValueError, match="has two classes, not 3"):
        Head(5, classes=3, dropout=0.0, one_logit=True)
