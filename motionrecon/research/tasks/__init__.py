"""What optimizers are trained and measured on: batches of problems of one dimension, with values and gradients."""
