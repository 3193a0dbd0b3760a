"""Names of styles and of many classes, with the origin and the source of each class in `MANY`."""

STYLES = ["art_nouveau", "baroque", "ukiyo_e"]
MANY = [f"stable_diffusion early_netherlandish_post_impressionism_{number}" for number in range(47)]
ORIGINS = ["ai"] * 30 + ["human"] * 17
SOURCES = ["midjourney"] * 12 + ["dalle"] * 18 + ["human"] * 17
