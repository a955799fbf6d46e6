"""How optimizers are trained and measured; nothing here runs in the main job."""
