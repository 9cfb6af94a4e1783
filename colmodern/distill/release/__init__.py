"""What becomes of a trained student? Average, export, evaluation and model card."""
