"""brushprint learns to tell AI-generated art from human art, and says how far each answer can be trusted."""
