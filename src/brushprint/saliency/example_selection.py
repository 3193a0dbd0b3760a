"""Selection of the test pictures shown with heatmaps: near cluster centres, correct, wrong, confidently wrong."""

import pandas as pd

from brushprint.features.latent import SPACES


def choose(points: pd.DataFrame, pictures: int) -> pd.DataFrame:
    """Select the pictures nearest to the centre of each cluster, for each outcome and space.

    `points` is described in `brushprint.features.latent.latent`; `pictures` is the number for each cluster. Returns
    the columns `image_id`, `panel` (`gradcam-<space>-<outcome>`) and `cluster`, sorted by space, outcome, cluster and
    distance.
    """
    chosen = []
    for space in SPACES:
        cluster, distance = f"cluster_{space}", f"distance_{space}"
        nearest = points.sort_values(["outcome", cluster, distance, "image_id"])
        nearest = nearest.groupby(["outcome", cluster], sort=False).head(pictures)
        panel = f"gradcam-{space}-" + nearest["outcome"]
        chosen.append(nearest.rename(columns={cluster: "cluster"}).assign(panel=panel))
    return pd.concat(chosen, ignore_index=True)[["image_id", "panel", "cluster"]]


def draw_panels(predictions: pd.DataFrame, pictures: int, seed: int) -> pd.DataFrame:
    """Draw correct and misclassified pictures evenly over the true classes, and select the most confident errors.

    Parameters
    ----------
    predictions : `image_id`, `label`, `outcome` and `probability` (of the predicted class); see
        `brushprint.evaluation.predictions.predictions_table`
    pictures : the number for each panel; a panel with fewer candidates shows all of them
    seed : seed of the draw

    Returns
    -------
    The columns `image_id` and `panel`: `panel-correct` and `panel-misclassified`, both sorted by true class, and
    `panel-confident-errors`, the most confident error first.
    """
    shuffled = predictions.sort_values("image_id").sample(frac=1, random_state=seed)
    correct = shuffled["outcome"] == "correct"
    panels = []
    for name, drawn in (("panel-correct", shuffled[correct]), ("panel-misclassified", shuffled[~correct])):
        # Take one picture of each class, then a second one of each class, and so on.
        turn = drawn.groupby("label").cumcount().sort_values(kind="stable")
        panels.append(drawn.loc[turn.index[:pictures]].sort_values(["label", "image_id"]).assign(panel=name))
    errors = shuffled[~correct].sort_values(["probability", "image_id"], ascending=[False, True])
    panels.append(errors.head(pictures).assign(panel="panel-confident-errors"))
    return pd.concat(panels, ignore_index=True)[["image_id", "panel"]]
