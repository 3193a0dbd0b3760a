"""brushprint learns to tell AI-generated art from human art, and reports how far each answer can be trusted."""
